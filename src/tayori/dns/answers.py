"""What a look-up came to, as values.

`NoSuchName` and `NoData` are a name server's definite no. `TemporaryFailure` says only that nobody
could tell: SERVFAIL, REFUSED, time-outs and broken packets never count as a no (RFC 8020 2,
RFC 5321 4.5.4.1).
"""

from dataclasses import dataclass
from typing import Protocol, TypeAlias


@dataclass(frozen=True, slots=True, order=True)
class Mx:
    """One MX record (RFC 1035 3.3.9); `exchange` is "" for the root (null MX, RFC 7505)."""

    preference: int
    exchange: str


@dataclass(frozen=True, slots=True)
class Soa:
    """The fields of an SOA record (RFC 1035 3.3.13) that somebody here reads."""

    primary: str
    serial: int
    minimum: int
    """Seconds for which a no may be kept (RFC 2308 4)."""


@dataclass(frozen=True, slots=True)
class Tlsa:
    """One TLSA record (RFC 6698 2.1)."""

    usage: int
    selector: int
    matching_type: int
    data: bytes


RecordData: TypeAlias = str | bytes | Mx | Soa | Tlsa
"""Names and addresses are str, text is bytes with its strings joined (RFC 7208 3.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Records of the asked type, at the end of any CNAME chain."""

    records: tuple[RecordData, ...]
    ttl: int
    """Seconds, the least of the chain and the records."""
    name: str
    """The owner of the records: the asked name, or where its CNAME chain ended."""
    authenticated: bool = False
    """The server vouches for DNSSEC (AD, RFC 4035 3.2.3); worth as much as the path to it."""
    server: str = ""

    @property
    def texts(self) -> tuple[bytes, ...]:
        """Return the TXT records."""
        return tuple(record for record in self.records if isinstance(record, bytes))

    @property
    def names(self) -> tuple[str, ...]:
        """Return addresses (A, AAAA) or names (NS, CNAME, PTR)."""
        return tuple(record for record in self.records if isinstance(record, str))

    @property
    def exchanges(self) -> tuple[Mx, ...]:
        """Return the MX records, most preferred first."""
        return tuple(sorted(record for record in self.records if isinstance(record, Mx)))

    @property
    def tlsa(self) -> tuple[Tlsa, ...]:
        """Return the TLSA records."""
        return tuple(record for record in self.records if isinstance(record, Tlsa))


@dataclass(frozen=True, slots=True, kw_only=True)
class NoSuchName:
    """The name does not exist, and so nothing below it does (NXDOMAIN, RFC 8020)."""

    ttl: int = 0
    zone: str = ""
    """The owner of the SOA that came with the no, "" when none came."""
    name: str = ""
    """The name that does not exist: the asked one, or where its CNAME chain ended."""
    authenticated: bool = False
    server: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoData:
    """The name exists, without records of this type (RFC 2308 2.2)."""

    ttl: int = 0
    zone: str = ""
    name: str = ""
    authenticated: bool = False
    server: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TemporaryFailure:
    """Nobody could tell; `detail` says what each server did, for operators."""

    detail: str


Lookup: TypeAlias = Answer | NoSuchName | NoData | TemporaryFailure


class Lookups(Protocol):
    """Whatever looks names up: the resolver, or a view of chosen servers."""

    async def lookup(self, name: str, record_type: str, *, bypass_cache: bool = False) -> Lookup:
        """Return the records of a type at a name; never raises for what the DNS says."""
        ...
