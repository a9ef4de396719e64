"""Who counts as one client of an SMTP listener."""

import ipaddress


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
