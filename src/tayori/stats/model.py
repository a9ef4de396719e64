"""What is counted, and how a report is asked for and answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from operator import add
from typing import Final, NamedTuple

from tayori.events.model import EventKind


class Volume(NamedTuple):
    """Numbers of recipients, except `opened`, which counts every opening.

    A mail counts once for each of its recipients, on the day on which it was asked for, whenever
    the rest happened: so `accepted` is never more than `requested`, and `delivered` and `bounced`
    together never more than `accepted`.
    """

    requested: int = 0
    """Mails that were asked for, whether they were taken or refused."""
    accepted: int = 0
    """Those that passed every check of ours and were not dropped by us later."""
    delivered: int = 0
    opened: int = 0
    clicked: int = 0
    bounced: int = 0
    unsubscribed: int = 0
    complained: int = 0
    deferred: int = 0
    """Mails whose first attempt failed for now; what became of them later counts as well."""

    def plus(self, other: "Volume") -> "Volume":
        """Return the sums."""
        return Volume._make(map(add, self, other))

    def times(self, number: int) -> "Volume":
        """Return what comes of so many of them."""
        return Volume._make([number * one for one in self])


ALL: Final = "*"
"""In the place of a domain: the sum of all."""


class Cell(NamedTuple):
    """What one row of counts is about; domains are in lower case, "" where one is unknown.

    Sums over all domains are kept as rows of their own, so that no report has to read more than a
    row for each day.
    """

    account_id: int
    day: str
    domain: str
    """The sender domain."""
    mailbox_type: str
    """The recipient's domain."""


class Kind(StrEnum):
    """What counts are kept by, beside domains."""

    DOMAIN = "domain"
    """The sender domain."""
    SENDER = "sender"
    """The sender address."""
    TEMPLATE = "template"
    """The template's number."""
    TASK = "task"
    """The bulk task's number; the sum of all days is kept as well."""
    PROVIDER = "provider"
    """The receivers' group, "" for all that no rule names; known once an attempt was made, so
    nothing is requested or accepted here."""
    CLASS = "class"
    """What bounces were about (`classify.model.BounceClass`); nothing else is counted here."""


class KeyCell(NamedTuple):
    """What one row of keyed counts is about."""

    account_id: int
    kind: Kind
    day: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One event and what its mail tells about it; `domain` and the days may be unknown."""

    id: int
    at: int
    account_id: int
    kind: EventKind
    message_id: int | None
    recipient_id: int | None
    data: Mapping[str, str | int]
    from_address: str
    """"" when no mail belongs to the event, as with a refusal."""
    mailbox_type: str
    sent_at: int | None
    """When the mail was asked for."""
    template_id: int | None = None
    task_id: int | None = None
    provider: str | None = None
    """The group of the receiver that was tried; None when there was none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Events between two positions of the feed, and what counting them needs.

    `taken` has the number of recipients per domain of each message that was accepted; `firsts` the
    number of the first event of its kind for each recipient who reacted.
    """

    was: int
    becomes: int
    facts: tuple[Fact, ...]
    taken: Mapping[int, Mapping[str, int]]
    firsts: Mapping[tuple[int, EventKind], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What a batch adds. `unsent` are accepted mails that were dropped, by account and day."""

    cells: Mapping[Cell, Volume]
    keys: Mapping[KeyCell, Volume]
    unsent: Mapping[tuple[int, str], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which days of an account; domains in lower case."""

    account_id: int
    days: Sequence[str]
    domain: str = ALL
    mailbox_type: str = ALL


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysWanted:
    """Which days of an account, by what; with a key only that one."""

    account_id: int
    kind: Kind
    days: Sequence[str]
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintsWanted:
    """Which complaints: about mails sent in [first, end), and how they are narrowed.

    All texts are compared without regard to case; "" and None mean all.
    """

    account_id: int
    first: int
    end: int
    from_domain: str = ""
    from_address: str = ""
    mailbox_type: str = ""
    to_address: str = ""
    template_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """One recipient's complaint; `delivered_at` is the end of delivery, or of its beginning."""

    complained_at: int
    delivered_at: int
    from_address: str
    to_address: str
    mailbox_type: str
    template_id: int | None
    public_id: str
    rfc_message_id: str
    subject: str
    source_ip: str
