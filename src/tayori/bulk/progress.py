"""What a step leaves of its task (pure): goes on, waits for tomorrow, stops, or is at its end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from tayori.accept.taking import Stretch
from tayori.bulk.dealing import moved
from tayori.bulk.model import (
    Cause,
    Order,
    Outcomes,
    Phase,
    Reason,
    Skip,
    Skipped,
    Task,
    TaskKind,
    TaskStatus,
)
from tayori.bulk.pacing import Grant
from tayori.catalog.receiver_model import Receiver
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal
from tayori.refusal.saying import NOTHING, Saying, say
from tayori.refusal.table import whole
from tayori.runtime.clock import HOUR, SECOND

PASSED_OVER = frozenset(
    {
        Code.FAILED_OPERATION__INCORRECT_EMAIL,
        Code.FAILED_OPERATION__EMAIL_ADDR_IN_BLACKLIST,
        Code.FAILED_OPERATION__RECEIVER_HAS_UNSUBSCRIBED,
        Code.FAILED_OPERATION__FREQUENCY_LIMIT,
        Code.FAILED_OPERATION__EMAIL_CONTENT_TOOLARGE,
        Code.FAILED_OPERATION__PROTOCOL_CHECK_ERR,
        # What the values of one receiver bring; of the template itself the door says nothing.
        Code.FAILED_OPERATION__ILLEGAL_URL,
        Code.FAILED_OPERATION__URL_FORBIDDEN,
        Code.INVALID_PARAMETER_VALUE__EMAIL_CONTENT_IS_WRONG,
        Code.INVALID_PARAMETER_VALUE__IN_VALID_TEMPLATE_DATA,
        Code.INVALID_PARAMETER_VALUE__RECEIVER_EMAIL_INVALID,
        Code.INVALID_PARAMETER_VALUE__TEMPLATE_DATA_ERROR,
        Code.INVALID_PARAMETER_VALUE__TEMPLATE_NOT_MATCH_DATA,
    }
)
"""Refusals that concern one receiver and his values; every other one concerns the task."""
_REASONS = {
    Code.FAILED_OPERATION__EMAIL_ADDR_IN_BLACKLIST: Reason.BLACKLISTED,
    Code.FAILED_OPERATION__RECEIVER_HAS_UNSUBSCRIBED: Reason.UNSUBSCRIBED,
}
_FIELDS = {
    Reason.DUPLICATE: "duplicates",
    Reason.BLACKLISTED: "blacklisted",
    Reason.UNSUBSCRIBED: "unsubscribed",
    Reason.REFUSED: "refused",
}
RACE_MS = SECOND
"""Rest of a task whose place in a limit somebody else took a moment before."""


def concerns_all(refusal: Refusal) -> bool:
    """Tell whether a refusal concerns the whole task."""
    return refusal.code not in PASSED_OVER


def begun(task: Task, bounds: tuple[int, int], outcomes: Outcomes, phase: Phase) -> Task:
    """Return a task whose run begins with the `bounds` of its list: how many, and the last one."""
    return replace(
        task,
        phase=phase,
        status=TaskStatus.SENDING,
        requested=bounds[0],
        last=bounds[1],
        sent=0,
        skipped=Skipped(),
        baseline=outcomes,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The receivers of a step; of the `repeated` ones the same address came before.

    The list was looked through up to the receiver with the number `reached`. `aside` are those who
    were passed on the way and wait: number and provider. With `waited_for` the receivers waited for
    that provider and the list was not looked at; those in `gone` are in the list no longer.
    """

    receivers: Sequence[Receiver]
    repeated: frozenset[int]
    reached: int
    providers: Mapping[int, str] = field(default_factory=dict)
    """The provider of each receiver, by number."""
    aside: Sequence[tuple[int, str]] = ()
    waited_for: str | None = None
    gone: Sequence[int] = ()

    @property
    def fresh(self) -> list[Receiver]:
        """Return those who are written to."""
        return [one for one in self.receivers if one.id not in self.repeated]


def progress(task: Task, part: Part, stretch: Stretch, now: int) -> tuple[Task, list[Skip]]:
    """Return what is left of a task whose next part got as far as `stretch` tells."""
    fresh = part.fresh
    answers = {one.id: no for one, no in zip(fresh, stretch.answers, strict=False)}
    done = through(part, stretch)
    skips = _skips(done, answers)
    sent = sum(no is None for no in answers.values())
    if part.waited_for is None:
        aside = moved(task.aside, [name for _, name in set_aside(task, part, stretch)], 1)
    else:
        off = len(done) + len(part.gone)
        aside = moved(task.aside, [part.waited_for] * off, -1)
    after = replace(
        task,
        cursor=_cursor(task, part, stretch),
        aside=aside,
        sent=task.sent + sent,
        day_sent=task.day_sent + sent,
        skipped=task.skipped.plus(_counted(skips)),
    )
    if stretch.stop is None:
        return (over(after, now) if _is_over(after) else going_on(after, now)), skips
    if stretch.stop.code is Code.FAILED_OPERATION__EXCEED_SEND_LIMIT:
        return going_on(after, now + RACE_MS), skips
    return stopped(after, stretch.stop), skips


def set_aside(task: Task, part: Part, stretch: Stretch) -> list[tuple[int, str]]:
    """Return who of a part waits now: whoever stands behind its last receiver is met again."""
    cursor = _cursor(task, part, stretch)
    return [(number, provider) for number, provider in part.aside if number <= cursor]


def _cursor(task: Task, part: Part, stretch: Stretch) -> int:
    """Return up to which receiver of the list the phase is through."""
    if part.waited_for is not None:
        return task.cursor
    if len(stretch.answers) == len(part.fresh):
        return part.reached
    done = through(part, stretch)
    return done[-1].id if done else task.cursor


def _is_over(task: Task) -> bool:
    """Tell whether the phase is through; who waits for his provider may do so beyond the first."""
    at_end = task.cursor >= task.last
    return at_end and (task.phase is Phase.ENGAGED or not task.aside)


def through(part: Part, stretch: Stretch) -> list[Receiver]:
    """Return the receivers of a part that the task is through with."""
    fresh = part.fresh
    if len(stretch.answers) == len(fresh):
        return list(part.receivers)
    stopped_at = fresh[len(stretch.answers)].id
    return [one for one in part.receivers if one.id < stopped_at]


def _skips(done: Sequence[Receiver], answers: Mapping[int, Refusal | None]) -> list[Skip]:
    skips = []
    for one in done:
        if one.id not in answers:
            reason = Reason.DUPLICATE
            detail = say("The same address stands in the list before.")
        elif (no := answers[one.id]) is not None:
            reason = _REASONS.get(no.code, Reason.REFUSED)
            detail = no.saying or whole(no)
        else:
            continue
        skips.append(Skip(receiver_id=one.id, address=one.address, reason=reason, detail=detail))
    return skips


def _counted(skips: Sequence[Skip]) -> Skipped:
    counts = dict.fromkeys(Skipped._fields, 0)
    for skip in skips:
        counts[_FIELDS[skip.reason]] += 1
    return Skipped(**counts)


def over(task: Task, now: int) -> Task:
    """Return a task at the end of its list: the others' turn comes, or the run is at its end."""
    if task.phase is Phase.ENGAGED:
        return replace(going_on(task, now), phase=Phase.OTHERS, cursor=0)
    return ended(task, now)


def ended(task: Task, now: int) -> Task:
    """Return the end of a run; the receivers of the next one are those of the list then."""
    finished = replace(going_on(task, None), status=TaskStatus.FINISHED)
    begins_at = next_beginning(task.order, now)
    if begins_at is None:
        return finished
    return replace(
        finished, status=TaskStatus.WAITING, run=task.run + 1, cursor=0, due_at=begins_at
    )


def stopped(task: Task, refusal: Refusal) -> Task:
    """Return a task that goes no further; `error` says why, in a sentence."""
    return replace(
        going_on(task, None),
        status=TaskStatus.FAILED,
        cause=Cause.REFUSED,
        error=whole(refusal),
    )


def paused(task: Task, cause: Cause, error: Saying, due_at: int | None = None) -> Task:
    """Return a task that waits for its time, or for somebody; the rest of its run is cached."""
    return replace(
        task,
        status=TaskStatus.PAUSED,
        cause=cause,
        error=error,
        cached=task.remaining,
        due_at=due_at,
    )


def waiting(task: Task, given: Grant) -> Task:
    """Return a task that was given nothing for now."""
    if given.status is TaskStatus.PAUSED:
        return paused(task, given.cause, NOTHING, given.until)
    return going_on(task, given.until)


def going_on(task: Task, due_at: int | None) -> Task:
    """Return a task that sends; the next step is due then."""
    return replace(
        task,
        status=TaskStatus.SENDING,
        cause=Cause.NONE,
        error=NOTHING,
        cached=0,
        due_at=due_at,
    )


def next_beginning(order: Order, now: int) -> int | None:
    """Return when the run after this moment begins; None when there is none."""
    if order.kind is not TaskKind.CYCLIC or order.cycle_ended:
        return None
    begins_at, interval = order.begins_at or now, (order.interval_h or 1) * HOUR
    following = begins_at + max(0, (now - begins_at) // interval + 1) * interval
    return following if order.ends_at is None or following <= order.ends_at else None
