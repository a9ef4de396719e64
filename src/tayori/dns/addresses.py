"""Addresses of mail hosts, and which of them are nobody's business to connect to."""

import ipaddress
import re
from dataclasses import dataclass
from typing import TypeAlias

IpAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_LITERAL = re.compile(r"\[(?:(?P<tag>IPv6):)?(?P<address>[0-9A-Fa-f.:]+)\]", re.IGNORECASE)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Address:
    """One address of a mail host; `is_private` for any that is not on the public internet."""

    ip: str
    is_private: bool

    @property
    def is_v6(self) -> bool:
        """Tell whether it is an IPv6 address."""
        return ":" in self.ip


def address_of(text: str) -> Address:
    """Return the address value of its text; ValueError when it is none."""
    ip = ipaddress.ip_address(text)
    return Address(str(ip), is_private(ip))


def is_private(ip: IpAddress) -> bool:
    """Tell whether an address is loopback, private, link-local, multicast or otherwise not public.

    IPv4 inside IPv6 (mapped, 6to4, NAT64) is judged by what it leads to, or a receiver could point
    us at our own network that way.
    """
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if inner is None and ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
        if inner is not None:
            return is_private(inner)
    return not ip.is_global or ip.is_multicast


def parse_literal(domain: str) -> Address | None:
    """Return the address of an address literal "[192.0.2.1]", "[IPv6:…]" (RFC 5321 4.1.3)."""
    match = _LITERAL.fullmatch(domain.strip())
    if match is None:
        return None
    try:
        address = address_of(match["address"])
    except ValueError:
        return None
    return address if address.is_v6 == bool(match["tag"]) else None
