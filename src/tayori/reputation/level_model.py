"""Levels as they are read, judged and shown. Times are milliseconds since the epoch."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tayori.events.model import EventKind
from tayori.refusal.saying import Saying
from tayori.reputation.figures import Figures
from tayori.reputation.standing import Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """An event about a mail of a domain; `accepted_at` is when the mail was taken."""

    account_id: int
    at: int
    identity_id: int
    accepted_at: int
    address: str
    kind: EventKind
    data: Mapping[str, str | int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Events between two positions of the feed; those that tell nothing here are left out."""

    was: int
    becomes: int
    read: int
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """A sender domain and how it stands."""

    identity_id: int
    account_id: int
    domain: str
    standing: Standing
    verified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A decision that was made about a domain; `by` is the rule, or "operator"."""

    at: int
    kind: str
    from_level: int
    to_level: int
    effective_at: int
    by: str
    reason: Saying
    figures: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRow:
    """A day's figures towards one provider; "*" is all, "" none that is known."""

    identity_id: int
    day: str
    provider: str
    figures: Figures
    lowered: bool
    warned: bool
    closed: bool
