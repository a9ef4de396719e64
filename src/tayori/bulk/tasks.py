"""The verbs of bulk tasks: create, list, stop, resume.

What can be known to be wrong is said when a task is created, not when it runs: the door examines
the mail to the first receiver of the list as it will examine all of them.
"""

from collections.abc import Callable
from dataclasses import replace

from tayori.accept.door import Door
from tayori.accept.idempotency import Token
from tayori.bulk.expanding import submission_for
from tayori.bulk.model import Filters, Order, Task, TaskKind, TaskStatus
from tayori.bulk.store import TaskStore
from tayori.catalog.receiver_model import ListStatus, ReceiverList
from tayori.catalog.receivers import Receivers
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
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
STOPPED = "The task was stopped."


class Tasks:
    """Bulk tasks of accounts. `announce` wakes who works on them."""

    def __init__(
        self,
        *,
        store: TaskStore,
        receivers: Receivers,
        door: Door,
        clock: Clock,
        announce: Callable[[], None] = lambda: None,
    ) -> None:
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
        listed = await self._check(account, order)
        if isinstance(listed, Refusal):
            return listed
        of_list = (listed.name, listed.total - listed.invalid)
        number = await self._store.add(account.id, order, of_list, self._clock.now(), token)
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

    async def stop(self, task_id: int) -> bool:
        """Stop a task that is not at its end; mails that the door took are sent all the same."""
        among = (TaskStatus.WAITING, TaskStatus.SENDING, TaskStatus.PAUSED)
        to = (TaskStatus.FAILED, STOPPED, None)
        return await self._store.move(task_id, among, to, self._clock.now())

    async def resume(self, task_id: int) -> bool:
        """Let a stopped, failed or paused task go on where it is."""
        now = self._clock.now()
        among = (TaskStatus.PAUSED, TaskStatus.FAILED)
        done = await self._store.move(task_id, among, (TaskStatus.SENDING, "", now), now)
        self._announce()
        return done

    async def _list(self, account: Account, list_id: int) -> ReceiverList | Refusal:
        found = await self._receivers.get(account.id, list_id)
        if isinstance(found, Refusal):
            return found
        if found.status is not ListStatus.UPLOADED or found.total == found.invalid:
            return refuse(Code.OPERATION_DENIED__RECEIVER_STATUS_ERROR)
        return found

    async def _examine(self, account: Account, order: Order) -> Refusal | None:
        first = await self._receivers.after(order.list_id, 0, 1)
        if not first:
            return refuse(Code.OPERATION_DENIED__RECEIVER_STATUS_ERROR)
        submission = submission_for(account, order, first[0])
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
