"""Accounts, their credentials, their sender domains and the keys that sign for them, as values.

Secrets stand in fields that no `repr` shows; they are never part of a log line or a message.
"""

import ipaddress
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

import msgspec

from tayori.refusal.saying import NOTHING, Saying


class Permission(StrEnum):
    """What an operator grants an account beyond the ordinary."""

    API_SIMPLE = "api_simple"
    """Send own content, not a template, by the API."""
    SMTP_CONTENT = "smtp_content"
    """Send own content by SMTP."""
    ATTACHMENTS = "attachments"
    """Send attachments."""


class Scope(StrEnum):
    """What a credential may be used for."""

    FULL = "full"
    """All that an account may do with what is its own."""
    SEND = "send"
    READ = "read"
    REVIEW = "review"
    """See and decide templates of all accounts; only operators hand it out."""


class DkimOption(IntEnum):
    """Which key lengths sign, as the API numbers them."""

    RSA_1024 = 0
    RSA_2048 = 1
    BOTH = 2

    @property
    def bits(self) -> tuple[int, ...]:
        """Return the lengths in bits of the keys that sign."""
        return {0: (1024,), 1: (2048,), 2: (1024, 2048)}[int(self)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A customer. `suspended_at` is None while it may use the service."""

    id: int
    app_id: int
    name: str
    permissions: frozenset[Permission]
    suspended_at: int | None
    suspended_reason: Saying
    created_at: int
    pool: str | None = None
    """The pool of sources that an operator dedicated to it; None is the default one."""

    @property
    def suspended(self) -> bool:
        """Tell whether an operator has stopped the account."""
        return self.suspended_at is not None

    def may(self, permission: Permission) -> bool:
        """Tell whether the account was granted the permission."""
        return permission in self.permissions


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A SecretId with its SecretKey. Empty `networks` means it may be used from anywhere."""

    id: int
    account_id: int
    secret_id: str
    secret: bytes = field(repr=False)
    scope: Scope
    networks: tuple[str, ...]
    created_at: int
    revoked_at: int | None

    def allows_address(self, address: str) -> bool:
        """Tell whether a client at this IP address may use it; what is no address may not."""
        if not self.networks:
            return True
        try:
            client = ipaddress.ip_address(address)
        except ValueError:
            return False
        client = getattr(client, "ipv4_mapped", None) or client
        return any(client in ipaddress.ip_network(network) for network in self.networks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """A live credential and the account it speaks for (which may be suspended)."""

    account: Account
    credential: Credential


class RecordGroup(StrEnum):
    """The four groups of DNS records that a sender domain needs."""

    DKIM = "DKIM"
    MX = "MX"
    SPF = "SPF"
    DMARC = "DMARC"


class RecordState(StrEnum):
    """What a look-up said about one record."""

    OK = "ok"
    WRONG = "wrong"
    UNKNOWN = "unknown"
    """No answer was had (SERVFAIL, time-out), or nobody has looked yet."""


class DnsRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One record a customer must publish, and what the last check found in its place.

    `type` is TXT or MX, `name` the full name without trailing dot, `expected` the value to enter,
    `current` what the resolver returned ("" for nothing), `note` an English sentence about it.
    `host` is what to enter as host at the DNS provider, None as long as the zone is not known.
    `findings` are the codes of what was found with the fields of their sentences.
    """

    group: RecordGroup
    type: str
    name: str
    expected: str
    current: str = ""
    state: RecordState = RecordState.UNKNOWN
    note: str = ""
    host: str | None = None
    findings: tuple[tuple[str, dict[str, str]], ...] = ()


class Tag(msgspec.Struct, frozen=True, array_like=True):
    """A label that customers give an identity."""

    key: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A sender domain in A-label form. `records` is what the last check found, empty before it.

    `level` is its reputation level (0 = sending forbidden). `check_due_at` is when the background
    job looks again; `checks_failed` counts checks since the last one that passed. A lower level
    that was decided on holds from `next_level_at` on; nothing is sent before `blocked_until`.
    """

    id: int
    account_id: int
    domain: str
    dkim_option: DkimOption
    verified: bool
    records: tuple[DnsRecord, ...]
    tags: tuple[Tag, ...]
    level: int
    created_at: int
    verified_at: int | None
    checked_at: int | None
    check_due_at: int
    checks_failed: int
    next_level: int | None = None
    next_level_at: int | None = None
    blocked_until: int | None = None
    blocked_reason: Saying = NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class DkimKey:
    """A signing key. `public_key` is base64 SubjectPublicKeyInfo as in `p=` (RFC 6376 3.6.1)."""

    selector: str
    bits: int
    public_key: str
    private_pem: bytes = field(repr=False)
    """PKCS #8 PEM, unencrypted in memory only."""
    pending: bool = False
    """Made by a rotation, and not signing before its record is found in the DNS."""
    retired_at: int | None = None
    """When a rotation replaced it; it never signs again."""

    @property
    def active(self) -> bool:
        """Tell whether its record has to be published now for the domain to be verified."""
        return not self.pending and self.retired_at is None
