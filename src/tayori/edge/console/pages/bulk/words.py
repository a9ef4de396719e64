"""What states, causes and counts of tasks are called; sentences are translated where shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tayori.bulk.model import Cause, Task, TaskStatus
from tayori.edge.console.languages import N_
from tayori.runtime.clock import MINUTE


@dataclass(frozen=True, slots=True)
class Look:
    """How a status is shown: its word, tone and icon."""

    word: str
    tone: str
    picture: str


WAITING: Final = Look(N_("Waits for its time"), "secondary", "clock")
SENDING: Final = Look(N_("Sending"), "info", "send")
FINISHED: Final = Look(N_("Finished"), "success", "circle-check")
_PAUSED: Final[Mapping[Cause, Look]] = {
    Cause.QUOTA: Look(N_("Paused for today"), "warning", "clock-pause"),
    Cause.OPERATOR: Look(N_("Paused"), "warning", "player-pause"),
    Cause.BUDGET: Look(N_("Paused: too many failures"), "danger", "alert-octagon"),
}
_FAILED: Final[Mapping[Cause, Look]] = {
    Cause.CANCELLED: Look(N_("Cancelled"), "secondary", "player-stop"),
}
STOPPED: Final = Look(N_("Stopped by a refusal"), "danger", "hand-stop")
STATUSES: Final[Mapping[str, str]] = {
    "waiting": N_("Waits for its time"),
    "sending": N_("Sending"),
    "paused": N_("Paused"),
    "stopped": N_("Stopped by a refusal"),
    "finished": N_("Finished"),
}
"""What the list can be narrowed to, by its word in the URL."""
STATUS_OF: Final[Mapping[str, TaskStatus]] = {
    "waiting": TaskStatus.WAITING,
    "sending": TaskStatus.SENDING,
    "paused": TaskStatus.PAUSED,
    "stopped": TaskStatus.FAILED,
    "finished": TaskStatus.FINISHED,
}
KINDS: Final[Mapping[str, str]] = {
    "bounced": N_("Bounced"),
    "expired": N_("Not delivered in time"),
    "dropped": N_("Dropped before sending"),
    "duplicate": N_("Twice in the list"),
    "blacklisted": N_("On a blacklist"),
    "unsubscribed": N_("Unsubscribed"),
    "refused": N_("Refused before sending"),
}
"""Why a receiver was not reached, by `Failure.kind`."""


def look_of(task: Task) -> Look:
    """Return how a task's status is shown."""
    match task.status:
        case TaskStatus.WAITING:
            return WAITING
        case TaskStatus.SENDING:
            return SENDING
        case TaskStatus.PAUSED:
            return _PAUSED.get(task.cause, _PAUSED[Cause.OPERATOR])
        case TaskStatus.FAILED:
            return _FAILED.get(task.cause, STOPPED)
        case TaskStatus.FINISHED:
            return FINISHED


def is_moving(task: Task, now: int) -> bool:
    """Tell whether a look in a few seconds may show something else; a day off it will not."""
    if task.status is TaskStatus.WAITING:
        return task.due_at is not None and task.due_at - now < MINUTE
    return task.status is TaskStatus.SENDING


def done_of(task: Task) -> int:
    """Return how many receivers of the run the task is through with."""
    return task.sent + sum(task.skipped)
