"""Bulk tasks as values. Times are milliseconds since the Unix epoch."""

from dataclasses import dataclass
from enum import IntEnum


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
    """The quota of the day is used up; the task goes on by itself the next day."""
    FAILED = 7
    """Nothing more is sent until somebody mends what `error` says and resumes the task."""
    FINISHED = 10


class AdLocation(IntEnum):
    """Where the mark of an advertisement stands in the subject (BatchSendEmail ADLocation)."""

    NONE = 0
    BEFORE = 1
    BEHIND = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a customer asks for.

    `sender` and `reply_to` are as they were given, with display names; `template_data` is a JSON
    object for all receivers, over which each receiver's own data goes. `interval_h` is the hours
    between two beginnings of a cyclic task; with `cycle_ended` it runs once only.
    """

    kind: TaskKind
    list_id: int
    sender: str
    subject: str
    template_id: int
    template_data: str = ""
    reply_to: str = ""
    unsubscribe: str = "0"
    ad_location: AdLocation = AdLocation.NONE
    begins_at: int | None = None
    interval_h: int | None = None
    cycle_ended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task as it stands. `requested`, `sent` and `cached` are of the run under way, or the last.

    `cursor` is the number of the last receiver that the run is through with; `cached` are those who
    wait for the next day.
    """

    id: int
    account_id: int
    order: Order
    list_name: str
    status: TaskStatus
    run: int
    cursor: int
    requested: int
    sent: int
    cached: int
    error: str
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which tasks of an account to list; None for all."""

    status: int | None = None
    list_id: int | None = None
    kind: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What a step changes in its task; `due_at` None when nothing is left to do."""

    status: TaskStatus
    run: int
    cursor: int
    requested: int
    sent: int
    cached: int = 0
    error: str = ""
    due_at: int | None = None
