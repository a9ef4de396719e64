"""What a step leaves of its task (pure): goes on, waits for tomorrow, stops, or is at its end."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import tzinfo

from tayori.accept.taking import Stretch
from tayori.bulk.model import Order, Progress, Task, TaskKind, TaskStatus
from tayori.catalog.receiver_model import Receiver
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal
from tayori.refusal.table import Language, message
from tayori.runtime.clock import HOUR, day_of, day_range

STEP = 200
"""Receivers of one step: their mails are one transaction, which others must not wait for long."""
PASSED_OVER = frozenset(
    {
        Code.FAILED_OPERATION__INCORRECT_EMAIL,
        Code.FAILED_OPERATION__EMAIL_ADDR_IN_BLACKLIST,
        Code.FAILED_OPERATION__RECEIVER_HAS_UNSUBSCRIBED,
        Code.FAILED_OPERATION__FREQUENCY_LIMIT,
        Code.FAILED_OPERATION__EMAIL_CONTENT_TOOLARGE,
        Code.FAILED_OPERATION__PROTOCOL_CHECK_ERR,
        Code.INVALID_PARAMETER_VALUE__RECEIVER_EMAIL_INVALID,
        Code.INVALID_PARAMETER_VALUE__TEMPLATE_DATA_ERROR,
        Code.INVALID_PARAMETER_VALUE__TEMPLATE_NOT_MATCH_DATA,
    }
)
"""Refusals that concern one receiver and his values; every other one concerns the task."""


def concerns_all(refusal: Refusal) -> bool:
    """Tell whether a refusal concerns the whole task."""
    return refusal.code not in PASSED_OVER


def progress(
    task: Task, receivers: Sequence[Receiver], stretch: Stretch, now: int, zone: tzinfo
) -> Progress:
    """Return what is left of a task whose next `receivers` got as far as `stretch` tells."""
    through = len(stretch.answers)
    task = replace(
        task,
        cursor=receivers[through - 1].id if through else task.cursor,
        sent=task.sent + sum(answer is None for answer in stretch.answers),
    )
    if stretch.stop is None:
        return ended(task, now) if through < STEP else _going_on(task, now)
    if stretch.stop.code is Code.FAILED_OPERATION__EXCEED_SEND_LIMIT:
        tomorrow = day_range(day_of(now, zone), zone)[1]
        return replace(_going_on(task, tomorrow), status=TaskStatus.PAUSED)
    return stopped(task, stretch.stop)


def ended(task: Task, now: int) -> Progress:
    """Return the end of a run; the receivers of the next one are those of the list then."""
    finished = replace(_going_on(task, None), status=TaskStatus.FINISHED)
    begins_at = next_beginning(task.order, now)
    if begins_at is None:
        return finished
    return replace(
        finished, status=TaskStatus.WAITING, run=task.run + 1, cursor=0, due_at=begins_at
    )


def stopped(task: Task, refusal: Refusal) -> Progress:
    """Return a task that goes no further; `error` says why, in a sentence."""
    sentence = message(refusal, Language.EN)
    return replace(_going_on(task, None), status=TaskStatus.FAILED, error=sentence)


def unmoved(task: Task, due_at: int) -> Progress:
    """Return a task as it is, to be looked at again at `due_at`."""
    return replace(
        _going_on(task, due_at), status=task.status, cached=task.cached, error=task.error
    )


def next_beginning(order: Order, now: int) -> int | None:
    """Return when the run after this moment begins; None when there is none."""
    if order.kind is not TaskKind.CYCLIC or order.cycle_ended:
        return None
    begins_at, interval = order.begins_at or now, (order.interval_h or 1) * HOUR
    return begins_at + max(0, (now - begins_at) // interval + 1) * interval


def _going_on(task: Task, due_at: int | None) -> Progress:
    return Progress(
        status=TaskStatus.SENDING,
        run=task.run,
        cursor=task.cursor,
        requested=task.requested,
        sent=task.sent,
        due_at=due_at,
    )
