"""Records of our own DNS server, and what a question about them is answered with (pure).

Wild cards are RFC 4592's, empty names between records exist without data (RFC 8020 2), a CNAME is
followed as far as our zones reach.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import dns.exception
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.rrset

Name: TypeAlias = dns.name.Name

DEFAULT_TTL = 300
NEGATIVE_TTL = 60
MAX_STRING = 255
"""Octets of one string of a TXT record (RFC 1035 3.3)."""
MAX_CHAIN = 16

_WILDCARD = dns.name.Name((b"*",))


def parse_name(text: str) -> Name:
    """Return an absolute name; its final dot may be missing, "" is the root."""
    return dns.name.from_text(text or ".", dns.name.root)


@dataclass(slots=True)
class Zone:
    """One zone: its origin, and record sets by name and type."""

    origin: Name
    serial: int = 1
    nodes: dict[Name, dict[dns.rdatatype.RdataType, dns.rdataset.Rdataset]] = field(
        default_factory=dict
    )

    above: Counter[Name] = field(default_factory=Counter)
    """How many names with records stand below each name, which so exists without any."""

    def add(self, name: Name, rdataset: dns.rdataset.Rdataset) -> None:
        """Put records beside those of the same name and type."""
        if name not in self.nodes:
            self.above.update(_ancestors(name))
        held = self.nodes.setdefault(name, {}).setdefault(rdataset.rdtype, rdataset)
        if held is not rdataset:
            for rdata in rdataset:
                held.add(rdata)
        self.serial += 1

    def remove(self, name: Name, rdtype: dns.rdatatype.RdataType | None) -> None:
        """Take the records of a type, or all of the name's, away; absent ones are no error."""
        node = self.nodes.get(name, {})
        for held in [rdtype] if rdtype is not None else list(node):
            node.pop(held, None)
        if not node and self.nodes.pop(name, None) is not None:
            self.above.subtract(_ancestors(name))
        self.serial += 1

    def exists(self, name: Name) -> bool:
        """Tell whether the name is there, be it only as the parent of another one."""
        return name == self.origin or name in self.nodes or self.above[name] > 0

    def node(self, name: Name) -> dict[dns.rdatatype.RdataType, dns.rdataset.Rdataset] | None:
        """Return the record sets at a name, by a wild card if need be, or None (NXDOMAIN)."""
        held = self.nodes.get(name)
        if held is not None:
            return held
        if self.exists(name):
            return {}
        # RFC 4592 3.3.1: only the wild card at the closest name that exists can stand in.
        above = name.parent()
        while not self.exists(above):
            above = above.parent()
        return self.nodes.get(_WILDCARD.concatenate(above))

    def soa(self) -> dns.rrset.RRset:
        """Return the zone's SOA record, made up unless one was set."""
        own = self.nodes.get(self.origin, {}).get(dns.rdatatype.SOA)
        if own is not None:
            return dns.rrset.from_rdata_list(self.origin, own.ttl, list(own))
        # The serial grows with each change; the values of time are RFC 1912 2.2's.
        text = f"ns.{_below(self.origin)} hostmaster.{_below(self.origin)}"
        return dns.rrset.from_text(
            self.origin,
            NEGATIVE_TTL,
            dns.rdataclass.IN,
            dns.rdatatype.SOA,
            f"{text} {self.serial} 7200 3600 1209600 {NEGATIVE_TTL}",
        )


def _ancestors(name: Name) -> Iterator[Name]:
    while name != dns.name.root:
        name = name.parent()
        yield name


def _below(origin: Name) -> str:
    return origin.to_text() if origin != dns.name.root else "invalid."


@dataclass(slots=True)
class Reply:
    """What a question comes to: the code, and the sections of the reply."""

    rcode: dns.rcode.Rcode
    answer: list[dns.rrset.RRset] = field(default_factory=list)
    authority: list[dns.rrset.RRset] = field(default_factory=list)


class Zones:
    """The zones of one server; the deepest one that holds a name answers for it."""

    def __init__(self) -> None:
        self._zones: dict[Name, Zone] = {}

    def add_zone(self, origin: Name) -> Zone:
        """Make a zone, or return it when it is there; records below it stay where they were."""
        return self._zones.setdefault(origin, Zone(origin))

    def zone_of(self, name: Name) -> Zone | None:
        """Return the zone that is responsible for a name."""
        while name not in self._zones:
            if name == dns.name.root:
                return None
            name = name.parent()
        return self._zones[name]

    def answer(self, name: Name, rdtype: dns.rdatatype.RdataType) -> Reply:
        """Answer a question; names outside our zones are REFUSED (RFC 8499 6, "lame")."""
        reply = Reply(dns.rcode.NOERROR)
        for _ in range(MAX_CHAIN):
            zone = self.zone_of(name)
            if zone is None:
                # The target of an alias may be anybody's; the asker goes on from there.
                reply.rcode = dns.rcode.NOERROR if reply.answer else dns.rcode.REFUSED
                return reply
            node = zone.node(name)
            if node is None:
                reply.rcode = dns.rcode.NXDOMAIN
                reply.authority.append(zone.soa())
                return reply
            alias = node.get(dns.rdatatype.CNAME)
            if alias is None or rdtype in {dns.rdatatype.CNAME, dns.rdatatype.ANY}:
                return _with_records(reply, zone, node, name, rdtype)
            reply.answer.append(dns.rrset.from_rdata_list(name, alias.ttl, list(alias)))
            name = alias[0].target
        return reply


def _with_records(
    reply: Reply,
    zone: Zone,
    node: dict[dns.rdatatype.RdataType, dns.rdataset.Rdataset],
    name: Name,
    rdtype: dns.rdatatype.RdataType,
) -> Reply:
    if rdtype == dns.rdatatype.ANY:
        found = list(node.values())
    elif rdtype == dns.rdatatype.SOA and name == zone.origin:
        reply.answer.append(zone.soa())
        return reply
    else:
        found = [node[rdtype]] if rdtype in node else []
    reply.answer.extend(dns.rrset.from_rdata_list(name, held.ttl, list(held)) for held in found)
    if not found:
        reply.authority.append(zone.soa())
    return reply


def make_records(
    rdtype: dns.rdatatype.RdataType, values: Iterable[str], ttl: int
) -> dns.rdataset.Rdataset:
    """Return a record set from texts; ValueError with a sentence when one cannot be read.

    Values are written as in a zone file (RFC 1035 5.1). A TXT value that does not begin with a
    quotation mark is taken as it is and split into strings of 255 octets.
    """
    records = dns.rdataset.Rdataset(dns.rdataclass.IN, rdtype, ttl=ttl)
    for value in values:
        text = value
        if rdtype == dns.rdatatype.TXT and not value.startswith('"'):
            text = _quoted(value)
        try:
            rdata = dns.rdata.from_text(
                dns.rdataclass.IN, rdtype, text, origin=dns.name.root, relativize=False
            )
        except (dns.exception.DNSException, ValueError) as error:
            kind = dns.rdatatype.to_text(rdtype)
            raise ValueError(f"{value!r} is no {kind} record: {error}") from error
        records.add(rdata)
    return records


def _quoted(value: str) -> str:
    data = value.encode()
    chunks = [data[at : at + MAX_STRING] for at in range(0, len(data), MAX_STRING)] or [b""]
    return " ".join(f'"{_escaped(chunk)}"' for chunk in chunks)


def _escaped(chunk: bytes) -> str:
    plain = {octet for octet in range(0x20, 0x7F) if octet not in b'"\\'}
    return "".join(chr(octet) if octet in plain else f"\\{octet:03d}" for octet in chunk)
