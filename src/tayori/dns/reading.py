"""From a reply's packet to a look-up's value (pure).

A reply that contradicts itself is a `ServerFailure`: another server is asked, and in the end the
look-up is temporary.
"""

from dataclasses import dataclass
from typing import TypeAlias

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.CNAME
import dns.rdtypes.ANY.MX
import dns.rdtypes.ANY.NS
import dns.rdtypes.ANY.PTR
import dns.rdtypes.ANY.SOA
import dns.rdtypes.ANY.TLSA
import dns.rdtypes.ANY.TXT
import dns.rdtypes.IN.A
import dns.rdtypes.IN.AAAA
import dns.rrset

from tayori.dns.answers import Answer, Mx, NoData, NoSuchName, RecordData, Soa, Tlsa
from tayori.dns.exchange import ServerFailure

MAX_CHAIN = 12
"""CNAMEs that are followed in one look-up; no sane name has more than two."""
MAX_RECORDS = 500
"""Records of one answer that are kept; the rest is cut off."""


@dataclass(frozen=True, slots=True)
class Alias:
    """The reply ended in a CNAME whose target it did not bring: ask for that name."""

    name: str
    ttl: int
    authenticated: bool = False


Reading: TypeAlias = Answer | NoSuchName | NoData | Alias


def read_reply(reply: dns.message.Message, server: str) -> Reading:
    """Return what the reply says about its question; ServerFailure when it says nothing."""
    rcode = reply.rcode()
    if rcode not in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}:
        raise ServerFailure(dns.rcode.to_text(rcode))
    if not reply.question:
        raise ServerFailure("a reply without the question")
    question = reply.question[0]
    owner, ttl, followed = _follow(reply, question)
    rrset = reply.get_rrset(reply.answer, owner, dns.rdataclass.IN, question.rdtype)
    authenticated = bool(reply.flags & dns.flags.AD)
    if rrset is not None:
        return Answer(
            records=tuple(_data(rdata) for rdata in list(rrset)[:MAX_RECORDS]),
            ttl=min(ttl, rrset.ttl),
            name=text_of(owner),
            authenticated=authenticated,
            server=server,
        )
    zone, negative_ttl = _start_of_authority(reply, ttl)
    no: type[NoSuchName | NoData] = NoData
    if rcode == dns.rcode.NXDOMAIN:
        no = NoSuchName
    elif followed and not zone:
        return Alias(text_of(owner), ttl, authenticated)
    elif not zone and _is_referral(reply):
        raise ServerFailure("a referral instead of an answer")
    return no(
        ttl=negative_ttl,
        zone=zone,
        name=text_of(owner),
        authenticated=authenticated,
        server=server,
    )


def _follow(
    reply: dns.message.Message, question: dns.rrset.RRset
) -> tuple[dns.name.Name, int, bool]:
    """Walk the CNAMEs of the answer section; return where they end, their TTL, and if any."""
    owner, ttl, followed = question.name, 2**31 - 1, False
    if question.rdtype == dns.rdatatype.CNAME:
        return owner, ttl, followed
    for _ in range(MAX_CHAIN):
        rrset = reply.get_rrset(reply.answer, owner, dns.rdataclass.IN, dns.rdatatype.CNAME)
        if rrset is None:
            return owner, ttl, followed
        alias = rrset[0]
        if not isinstance(alias, dns.rdtypes.ANY.CNAME.CNAME):
            raise ServerFailure("a broken CNAME")
        owner, ttl, followed = alias.target, min(ttl, rrset.ttl), True
    raise ServerFailure("a CNAME chain without end")


def _start_of_authority(reply: dns.message.Message, ttl: int) -> tuple[str, int]:
    """Return the zone that says no, and the seconds its no may be kept (RFC 2308 5)."""
    for rrset in reply.authority:
        if rrset.rdtype == dns.rdatatype.SOA and rrset:
            soa = rrset[0]
            if isinstance(soa, dns.rdtypes.ANY.SOA.SOA):
                return text_of(rrset.name) or ".", min(ttl, rrset.ttl, soa.minimum)
    return "", 0


def _is_referral(reply: dns.message.Message) -> bool:
    """Tell whether the server points elsewhere: name servers, no authority (RFC 2308 2.1).

    A server that recurses (RA) has gone there itself, whatever it lists.
    """
    has_servers = any(rrset.rdtype == dns.rdatatype.NS for rrset in reply.authority)
    return has_servers and not reply.flags & (dns.flags.AA | dns.flags.RA)


def text_of(name: dns.name.Name) -> str:
    """Return a name in lower case without its final dot; the root is ""."""
    return name.to_text(omit_final_dot=True).lower().removesuffix(".")


def _data(rdata: dns.rdata.Rdata) -> RecordData:  # noqa: PLR0911 - one line a record type
    match rdata:
        case dns.rdtypes.IN.A.A() | dns.rdtypes.IN.AAAA.AAAA():
            return str(rdata.address)
        case dns.rdtypes.ANY.MX.MX():
            return Mx(rdata.preference, text_of(rdata.exchange))
        case dns.rdtypes.ANY.TXT.TXT():
            return b"".join(rdata.strings)
        case dns.rdtypes.ANY.NS.NS() | dns.rdtypes.ANY.CNAME.CNAME() | dns.rdtypes.ANY.PTR.PTR():
            return text_of(rdata.target)
        case dns.rdtypes.ANY.SOA.SOA():
            return Soa(text_of(rdata.mname), rdata.serial, rdata.minimum)
        case dns.rdtypes.ANY.TLSA.TLSA():
            return Tlsa(rdata.usage, rdata.selector, rdata.mtype, bytes(rdata.cert))
        case _:
            return rdata.to_text()
