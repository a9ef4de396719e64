"""Who a client is: behind proxies of ours, and as one of many addresses."""

import ipaddress
from collections.abc import Sequence
from functools import lru_cache

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@lru_cache(maxsize=4096)
def client_key(address: str) -> str:
    """Return what stands for one client: an IPv4 address, or the /64 that one host may have."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def client_address(peer: str, forwarded: bytes, proxies: Sequence[Network]) -> str:
    """Return the address of the client: the last hop that is no proxy of ours."""
    hops = [hop.strip() for hop in forwarded.decode("latin-1").split(",") if hop.strip()]
    address = peer
    while hops and _is_proxy(address, proxies):
        address = hops.pop()
    return address


def _is_proxy(address: str, proxies: Sequence[Network]) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in proxies)
