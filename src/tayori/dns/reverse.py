"""Names of an address, and whether a name leads to it (RFC 1912 2.1, RFC 8499 7)."""

import ipaddress

from tayori.dns.addresses import IpAddress
from tayori.dns.answers import Answer, Lookups, TemporaryFailure


def plain_address(text: str) -> IpAddress | None:
    """Return an address, IPv4 inside IPv6 as IPv4; None when the text is none."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


async def reverse_names(
    address: IpAddress, lookups: Lookups, *, bypass_cache: bool = False
) -> tuple[str, ...] | TemporaryFailure:
    """Return the names that the PTR records of an address give, () for none."""
    found = await lookups.lookup(address.reverse_pointer, "PTR", bypass_cache=bypass_cache)
    if isinstance(found, TemporaryFailure):
        return found
    return found.names if isinstance(found, Answer) else ()


async def leads_to(
    name: str, address: IpAddress, lookups: Lookups, *, bypass_cache: bool = False
) -> bool | None:
    """Tell whether a name has the address; None when nobody could tell."""
    kind = "AAAA" if address.version == 6 else "A"  # noqa: PLR2004 - the version
    found = await lookups.lookup(name, kind, bypass_cache=bypass_cache)
    if isinstance(found, TemporaryFailure):
        return None
    names = found.names if isinstance(found, Answer) else ()
    return any(ipaddress.ip_address(one) == address for one in names)
