"""What the connection to a mail host has to be, as values."""

import hashlib
from dataclasses import dataclass
from enum import IntEnum, StrEnum

import msgspec

from tayori.dns.answers import Tlsa
from tayori.dns.sts import StsPolicy
from tayori.refusal.saying import NOTHING, Saying


class Demand(IntEnum):
    """How secure a connection has to be; each asks for more than the one before."""

    ANY = 0
    """As secure as the receiver can be spoken to, in clear if need be."""
    ENCRYPTED = 1
    """Never in clear, with any certificate."""
    VERIFIED = 2
    """Never in clear, with a certificate that the trust roots confirm for the host's name."""
    DANE = 3
    """Never in clear, with a certificate that the host's TLSA records confirm."""


class PolicyKind(StrEnum):
    """Whose policy it is, in the words of TLS reports (RFC 8460 4.4)."""

    NONE = "no-policy-found"
    STS = "sts"
    TLSA = "tlsa"


@dataclass(frozen=True, slots=True, kw_only=True)
class HostDemand:
    """What holds for connections to one host."""

    demand: Demand = Demand.ANY
    why: Saying = NOTHING
    """Who demands it, as the object of a sentence: "the MTA-STS policy of x.test demands it"."""
    tlsa: tuple[Tlsa, ...] = ()
    names: tuple[str, ...] = ()
    """Names that a certificate may bear under DANE usage 2."""
    soft: bool = False
    """A failure is reported and the mail goes all the same (MTA-STS in testing mode)."""
    kind: PolicyKind = PolicyKind.NONE
    sts: StsPolicy | None = None
    """The MTA-STS policy behind it, for reports."""

    @property
    def key(self) -> str:
        """Return what tells demands apart whose mails must not share a connection, "" for none."""
        if self == NO_DEMAND:
            return ""
        mark = "?" if self.soft else ""
        keys = hashlib.sha256(repr(self.tlsa).encode()).hexdigest()[:12] if self.tlsa else ""
        return f"{self.demand.name.lower()}{mark}{keys}"


NO_DEMAND = HostDemand()


class MailDemand(StrEnum):
    """What the sender of one mail asks (RFC 8689)."""

    NONE = ""
    REQUIRE = "require"
    """REQUIRETLS: verified TLS on the whole way, or the mail comes back."""
    OPTIONAL = "optional"
    """TLS-Required: No: rather deliver the mail than keep to receivers' policies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainPolicy:
    """What a receiving domain says about the security of its mail hosts."""

    domain: str
    sts: StsPolicy | None = None
    signed: bool = False
    """The domain's MX records are authentic by DNSSEC."""


class ResultKey(msgspec.Struct, frozen=True, array_like=True):
    """What makes results of TLS the same, for reports; a count stands beside it."""

    kind: str
    policy: tuple[str, ...] = ()
    mx: tuple[str, ...] = ()
    result: str = ""
    """The kind of failure, "" for success."""
    sending_ip: str = ""
    host: str = ""
    receiving_ip: str = ""
    reason: str = ""
