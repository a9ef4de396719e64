"""The verbs of bulk tasks: create, list, pause, resume, cancel, failures, resend.

What can be known to be wrong is said when a task is created, not when it runs: the door examines
the mail to the first receiver of the list as it will examine all of them.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace

from tayori.accept.door import Door
from tayori.accept.idempotency import Token
from tayori.bulk.expanding import submission_for
from tayori.bulk.failure_store import FailureStore, Place
from tayori.bulk.model import (
    Cause,
    Failure,
    Filters,
    Order,
    Outcomes,
    Reason,
    Task,
    TaskKind,
    TaskStatus,
)
from tayori.bulk.progress import going_on, paused
from tayori.bulk.runner import OutcomesOf
from tayori.bulk.store import TaskStore
from tayori.catalog.receiver_model import ListStatus, ReceiverList
from tayori.catalog.receivers import Receivers
from tayori.config.tree import BulkSettings
from tayori.db.window import Key
from tayori.queue.operate import Move, Wish
from tayori.queue.operator_store import Filter, OperatorStore
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import Saying, say
from tayori.runtime.clock import Clock
from tayori.tenants.model import Account

_AS_TASK = {
    Code.FAILED_OPERATION__INVALID_TEMPLATE_ID: Code.OPERATION_DENIED__TEMPLATE_STATUS_ERROR,
    Code.FAILED_OPERATION__INCORRECT_SENDER: Code.OPERATION_DENIED__SEND_ADDRESS_STATUS_ERROR,
    Code.FAILED_OPERATION__HIGH_REJECTION_RATE: Code.OPERATION_DENIED__SEND_ADDRESS_STATUS_ERROR,
    Code.FAILED_OPERATION__NOT_AUTHENTICATED_SENDER: (
        Code.OPERATION_DENIED__SEND_ADDRESS_STATUS_ERROR
    ),
    Code.FAILED_OPERATION__PROTOCOL_CHECK_ERR: Code.INVALID_PARAMETER_VALUE__EMAIL_CONTENT_IS_WRONG,
    Code.INVALID_PARAMETER_VALUE__TEMPLATE_CONTENT_IS_WRONG: (
        Code.INVALID_PARAMETER_VALUE__EMAIL_CONTENT_IS_WRONG
    ),
}
"""What the door says of one mail, in the words that BatchSendEmail has for it (wire facts 1.7)."""
_KEPT = frozenset({Reason.DUPLICATE, Reason.BLACKLISTED, Reason.UNSUBSCRIBED})
"""Whoever was passed over for these would be again."""
ANY_RECEIVER = 2**62
PAUSED = say("The task was paused.")
CANCELLED = say("The task was cancelled.")
DROPPED_AT_ONCE = 500


class Tasks:
    """Bulk tasks of accounts. `announce` wakes who works on them.

    The verbs take the number of any task; whoever asks for an account looks first whose it is.
    """

    def __init__(
        self,
        *,
        store: TaskStore,
        receivers: Receivers,
        door: Door,
        clock: Clock,
        failures: FailureStore,
        queue: OperatorStore,
        outcomes: OutcomesOf,
        rules: BulkSettings,
        announce: Callable[[], None] = lambda: None,
    ) -> None:
        self._failures = failures
        self._queue = queue
        self._outcomes = outcomes
        self._rules = rules
        self._store = store
        self._receivers = receivers
        self._door = door
        self._clock = clock
        self._announce = announce

    async def create(
        self, account: Account, order: Order, token: Token | None = None
    ) -> int | Refusal:
        """Store a task and return its number, or the first thing that is wrong with it.

        With a token a repeated call is answered like the first, and stores nothing.
        """
        if token is not None:
            # Before the checks: what was right then, as the time to begin, may be wrong by now.
            known = await self._store.recall(token, self._clock.now())
            if known is not None:
                return known
        return await self._create(account, order, token)

    async def _create(
        self, account: Account, order: Order, token: Token | None, resends: int | None = None
    ) -> int | Refusal:
        listed = await self._check(account, order)
        if isinstance(listed, Refusal):
            return listed
        of_list = (listed.name, listed.total - listed.invalid)
        now = self._clock.now()
        number = await self._store.add(account.id, order, of_list, now, token, resends=resends)
        self._announce()
        return number

    async def _check(self, account: Account, order: Order) -> ReceiverList | Refusal:
        refused = _check_time(order, self._clock.now())
        if refused is not None:
            return refused
        listed = await self._list(account, order.list_id)
        if isinstance(listed, Refusal):
            return listed
        return await self._examine(account, order) or listed

    async def page(
        self, account_id: int, filters: Filters, page: tuple[int, int]
    ) -> tuple[list[Task], int]:
        """Return a page (offset, limit), newest first, and how many match."""
        return await self._store.page(account_id, filters, page)

    async def before(
        self, account_id: int, filters: Filters, before: Key, most: int
    ) -> tuple[list[Task], Key | None]:
        """Return the next tasks behind a key, newest first, and the key to go on behind."""
        return await self._store.before(account_id, filters, before, most)

    async def examine(self, account: Account, order: Order) -> ReceiverList | Refusal:
        """Return the list of an order that could be created now, or what is wrong with it."""
        return await self._check(account, order)

    async def outcomes(self, task: Task) -> Outcomes:
        """Return what became of a task's mails, as far as it was counted."""
        return await self._outcomes(task.account_id, task.id)

    async def get(self, task_id: int) -> Task | None:
        """Return a task of any account."""
        return await self._store.get(task_id)

    async def pause(self, task_id: int, reason: Saying = PAUSED) -> bool:
        """Let a task wait until it is resumed; mails that the door took are sent all the same."""

        def change(task: Task) -> Task | None:
            if task.status in (TaskStatus.FAILED, TaskStatus.FINISHED):
                return None
            if task.status is TaskStatus.PAUSED and task.cause is not Cause.QUOTA:
                return None
            return paused(task, Cause.OPERATOR, reason)

        return await self._store.steer(task_id, change, self._clock.now())

    async def resume(self, task_id: int) -> bool:
        """Let a failed or paused task go on where it is, with a new budget of failures."""
        now, found = self._clock.now(), await self._store.get(task_id)
        if found is None:
            return False
        baseline = await self._outcomes(found.account_id, task_id)

        def change(task: Task) -> Task | None:
            if task.status not in (TaskStatus.PAUSED, TaskStatus.FAILED):
                return None
            if task.cause is Cause.CANCELLED:
                return None
            if not task.last:
                # It was paused before its first run began.
                begins_at = max(now, task.order.begins_at or now)
                resumed = going_on(task, begins_at)
                return replace(resumed, status=TaskStatus.WAITING)
            return replace(going_on(task, now), baseline=baseline)

        done = await self._store.steer(task_id, change, now)
        self._announce()
        return done

    async def cancel(self, task_id: int, reason: Saying = CANCELLED) -> int | None:
        """End a task for good; None when it had ended before.

        Its mails that still wait are dropped, and their number is the answer. One that is being
        attempted at this moment goes on.
        """

        def change(task: Task) -> Task | None:
            if task.status is TaskStatus.FINISHED or task.cause is Cause.CANCELLED:
                return None
            ended = going_on(task, None)
            return replace(ended, status=TaskStatus.FAILED, cause=Cause.CANCELLED, error=reason)

        found = await self._store.get(task_id)
        if found is None or not await self._store.steer(task_id, change, self._clock.now()):
            return None
        waiting = Filter(account_id=found.account_id, task_id=task_id, limit=DROPPED_AT_ONCE)
        dropped = 0
        while True:
            changed = await self._queue.change(waiting, Wish.DROP, self._clock.now(), reason)
            now_dropped = sum(isinstance(each.result, Move) for each in changed)
            dropped += now_dropped
            if not now_dropped:
                return dropped

    def failures(self, task_id: int) -> AsyncIterator[Failure]:
        """Yield every receiver whom the task did not reach, with the reason."""
        return self._failures.of_task(task_id)

    async def failures_page(
        self, task_id: int, place: Place, most: int
    ) -> tuple[list[Failure], Place | None]:
        """Return a page of them behind a place, and where the next page begins."""
        return await self._failures.page(task_id, place, most)

    async def resent_as(self, task: Task) -> int | None:
        """Return the task that writes again to whom this one did not reach, if there is one."""
        return await self._store.resent_as(task)

    async def resend(self, account: Account, task_id: int) -> int | Refusal:
        """Write once more, by a new task, to all whom a task did not reach; return its number.

        They become a list of their own. A task is resent once: whoever fails again is resent by
        the new one.
        """
        task = await self._store.get(task_id)
        if task is None or task.account_id != account.id:
            return refuse(
                Code.RESOURCE_NOT_FOUND, say("There is no task {number}.", number=task_id)
            )
        if task.status not in (TaskStatus.FINISHED, TaskStatus.FAILED) and task.run == 0:
            return refuse(
                Code.OPERATION_DENIED, say("Task {number} has not ended yet.", number=task_id)
            )
        before = await self._store.resent_as(task)
        if before is not None:
            return refuse(
                Code.OPERATION_DENIED,
                say(
                    "Task {number} was resent as task {before}; resend that one.",
                    number=task_id,
                    before=before,
                ),
            )
        addresses = {one.address async for one in self.failures(task_id) if one.kind not in _KEPT}
        if not addresses:
            return refuse(
                Code.OPERATION_DENIED,
                say("Task {number} has no failures to resend.", number=task_id),
            )
        name = f"Failures of task {task_id}"
        number = await self._receivers.copy(account.id, task.order.list_id, name, addresses)
        if isinstance(number, Refusal):
            return number
        order = replace(
            task.order,
            kind=TaskKind.IMMEDIATE,
            list_id=number,
            begins_at=None,
            interval_h=None,
            cycle_ended=False,
            ends_at=None,
        )
        return await self._create(account, order, None, resends=task_id)

    async def _list(self, account: Account, list_id: int) -> ReceiverList | Refusal:
        found = await self._receivers.get(account.id, list_id)
        if isinstance(found, Refusal):
            return found
        if found.status is not ListStatus.UPLOADED or found.total == found.invalid:
            return refuse(Code.OPERATION_DENIED__RECEIVER_STATUS_ERROR)
        return found

    async def _examine(self, account: Account, order: Order) -> Refusal | None:
        first = await self._receivers.after(order.list_id, 0, ANY_RECEIVER, 1)
        if not first:
            return refuse(Code.OPERATION_DENIED__RECEIVER_STATUS_ERROR)
        submission = submission_for(account, order, first[0], ad_mark=self._rules.ad_mark)
        if isinstance(submission, Refusal):
            return _as_task(submission)
        refused = await self._door.examine(submission)
        return _as_task(refused) if refused is not None else None


def _as_task(refusal: Refusal) -> Refusal:
    return replace(refusal, code=_AS_TASK.get(refusal.code, refusal.code))


def _check_time(order: Order, now: int) -> Refusal | None:
    if order.kind is TaskKind.TIMED and order.begins_at is None:
        return refuse(Code.MISSING_PARAMETER__TIMED_PARAM_NECESSARY)
    if order.kind is TaskKind.CYCLIC and (order.begins_at is None or not order.interval_h):
        return refuse(Code.MISSING_PARAMETER__CYCLE_PARAM_NECESSARY)
    if order.begins_at is not None and order.begins_at < now:
        return refuse(Code.INVALID_PARAMETER_VALUE__BEGIN_TIME_BEFORE_NOW)
    return None
