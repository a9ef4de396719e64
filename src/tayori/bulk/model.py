"""Bulk tasks as values. Times are milliseconds since the Unix epoch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import NamedTuple

from tayori.refusal.saying import Saying


class TaskKind(IntEnum):
    """When a task sends, as the API numbers it (BatchSendEmail TaskType)."""

    IMMEDIATE = 1
    TIMED = 2
    CYCLIC = 3


class TaskStatus(IntEnum):
    """How far a task is, as the API numbers it (ListSendTasks TaskStatus)."""

    WAITING = 1
    SENDING = 5
    PAUSED = 6
    """It waits for the next day, or for somebody; `cause` says which."""
    FAILED = 7
    """Nothing more is sent until somebody mends what `error` says and resumes the task."""
    FINISHED = 10


class Phase(IntEnum):
    """Whose turn it is in a run."""

    ALL = 0
    """All, in the order of the list: nobody is known to have read mail of the account."""
    ENGAGED = 1
    """Those who read mail of the account lately."""
    OTHERS = 2
    """All others."""


class Cause(StrEnum):
    """Why a task is paused or failed; "" for all others."""

    NONE = ""
    QUOTA = "quota"
    """The quota of the day is used up; the task goes on by itself the next day."""
    OPERATOR = "operator"
    """Somebody paused it; it goes on when it is resumed."""
    BUDGET = "budget"
    """Too many of its mails failed; it goes on when it is resumed."""
    REFUSED = "refused"
    """The door refuses every further mail of it; `error` has the sentence."""
    CANCELLED = "cancelled"
    """Somebody ended it for good."""


class AdLocation(IntEnum):
    """Where the mark of an advertisement stands in the subject (BatchSendEmail ADLocation)."""

    NONE = 0
    BEFORE = 1
    BEHIND = 2


class Reason(StrEnum):
    """Why a receiver of a list was passed over."""

    DUPLICATE = "duplicate"
    """The same address stands in the list before."""
    BLACKLISTED = "blacklisted"
    UNSUBSCRIBED = "unsubscribed"
    REFUSED = "refused"
    """Any other refusal that concerns this receiver alone, such as a variable without a value."""


class Skipped(NamedTuple):
    """How many receivers of a run were passed over."""

    duplicates: int = 0
    blacklisted: int = 0
    unsubscribed: int = 0
    refused: int = 0

    def plus(self, other: "Skipped") -> "Skipped":
        """Return the sums."""
        return Skipped(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


class Outcomes(NamedTuple):
    """What became of a task's mails, as far as it was counted."""

    accepted: int = 0
    delivered: int = 0
    bounced: int = 0
    deferred: int = 0
    complained: int = 0

    def since(self, before: "Outcomes") -> "Outcomes":
        """Return what came after."""
        return Outcomes(*(now - then for now, then in zip(self, before, strict=True)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a customer asks for.

    `sender` and `reply_to` are as they were given, with display names; `template_data` is a JSON
    object for all receivers, over which each receiver's own data goes. `interval_h` is the hours
    between two beginnings of a cyclic task; with `cycle_ended` it runs once only, and no run
    begins after `ends_at`.
    """

    kind: TaskKind
    list_id: int
    sender: str
    subject: str
    template_id: int
    template_data: str = ""
    reply_to: str = ""
    unsubscribe: str = ""
    ad_location: AdLocation = AdLocation.NONE
    begins_at: int | None = None
    interval_h: int | None = None
    cycle_ended: bool = False
    ends_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task as it stands. The counts are of the run under way, or of the last one.

    `requested` receivers are `sent`, or `skipped`, or `remaining`; `cached` are those of the last
    who wait while the task is paused. `cursor` is the number of the last receiver that the phase of
    the run is through with, `last` that of the last one who belongs to it: who comes into the list
    later belongs to the next run. `aside` says how many wait for each provider.
    `due_at` is the next step, None when there is none.
    """

    id: int
    account_id: int
    order: Order
    list_name: str
    domain: str
    status: TaskStatus
    cause: Cause
    run: int
    cursor: int
    phase: Phase
    last: int
    requested: int
    sent: int
    skipped: Skipped
    cached: int
    day_ends_at: int
    day_sent: int
    baseline: Outcomes
    aside: Mapping[str, int] = field(default_factory=dict)
    error: Saying
    due_at: int | None
    resends: int | None
    created_at: int
    updated_at: int

    @property
    def remaining(self) -> int:
        """Return how many receivers of the run are still to come."""
        return self.requested - self.sent - sum(self.skipped)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which tasks of an account to list; None for all."""

    status: int | None = None
    list_id: int | None = None
    kind: int | None = None
    text: str = ""
    """A part of the subject, of the list's name or of the sender; only `before` looks at it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """A receiver who was passed over."""

    receiver_id: int
    address: str
    reason: Reason
    detail: Saying


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A receiver whom a task did not reach. `kind` is a state of the queue, or a Reason.

    `bounce_class` is what the last refusal was about, "" where nothing was attempted.
    """

    address: str
    kind: str
    detail: Saying
    at: int
    bounce_class: str = ""
    mail: str = ""
    """The MessageId, "" for whoever was passed over."""
