"""Where a name lives: its zone and the zone's own name servers."""

import ipaddress

from tayori.dns.addresses import is_private
from tayori.dns.answers import Answer, Lookups, NoData, NoSuchName, TemporaryFailure
from tayori.dns.exchange import Server
from tayori.dns.names import parents, to_ascii


async def find_zone(
    name: str, resolver: Lookups, *, bypass_cache: bool = False
) -> str | TemporaryFailure | None:
    """Return the zone that holds the name, found by its SOA record (RFC 2308 2), or None.

    The answer to a question for the SOA of any name tells the zone: in the answer at its top, in
    the authority section elsewhere. None means that only a top-level zone or the root answered,
    which is to say that nobody has set the domain up.
    """
    asked = to_ascii(name)
    if asked is None:
        return None
    for candidate in parents(asked):
        if "." not in candidate:
            return None
        result = await resolver.lookup(candidate, "SOA", bypass_cache=bypass_cache)
        match result:
            case TemporaryFailure():
                return result
            case Answer() | NoData() | NoSuchName() if result.name != candidate:
                # Through an alias the server told the zone of its target.
                continue
            case Answer():
                return candidate
            case NoData() | NoSuchName() if result.zone in parents(candidate):
                return result.zone if "." in result.zone else None
    return None


async def authoritative_servers(
    zone: str, resolver: Lookups, *, port: int = 53, allow_private: bool = False
) -> dict[str, tuple[Server, ...]] | TemporaryFailure:
    """Return the zone's name servers by host name, each with its addresses.

    The zone belongs to a stranger, so addresses in private networks are left out unless allowed:
    nobody may make us send packets to our own machines. A host without addresses stays, empty.
    """
    result = await resolver.lookup(zone, "NS", bypass_cache=True)
    if isinstance(result, TemporaryFailure):
        return result
    hosts = sorted(result.names)[:13] if isinstance(result, Answer) else []
    servers: dict[str, tuple[Server, ...]] = {}
    for host in hosts:
        found: list[str] = []
        for record_type in ("A", "AAAA"):
            answer = await resolver.lookup(host, record_type)
            if isinstance(answer, Answer):
                found.extend(answer.names)
        servers[host] = tuple(
            (address, port)
            for address in found
            if allow_private or not is_private(ipaddress.ip_address(address))
        )
    return servers
