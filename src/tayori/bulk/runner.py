"""Expands tasks through the door: a step takes the next receivers of a task, in order.

Mails, cursor and counts are committed together, so after a crash a task goes on exactly where it
was: no receiver is left out and none is written to twice. A step ends its lease, so tasks take
turns. One receiver that cannot be written to is passed over, with an event and a row that say why;
a reason that concerns all of them stops the task, and a full quota pauses it until the next day.
"""

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

from tayori.accept.door import Door
from tayori.accept.taking import Stretch
from tayori.bulk.aside_store import add_aside, remove_aside
from tayori.bulk.budget import backlog, overspent
from tayori.bulk.choosing import Choosing, Nobody
from tayori.bulk.expanding import submission_for
from tayori.bulk.first_store import add_first, forget_first
from tayori.bulk.model import Cause, Outcomes, Phase, Task, TaskStatus
from tayori.bulk.pacing import Grant, grant
from tayori.bulk.progress import (
    RACE_MS,
    Part,
    begun,
    concerns_all,
    going_on,
    over,
    paused,
    progress,
    set_aside,
    stopped,
    through,
    waiting,
)
from tayori.bulk.store import TaskStore
from tayori.catalog.receiver_model import ListStatus, Receiver
from tayori.catalog.receivers import Receivers
from tayori.config.tree import BulkSettings
from tayori.db.database import Transaction
from tayori.refusal.refusal import Refusal
from tayori.reputation.model import Towards
from tayori.reputation.pace import Pace
from tayori.reputation.provider_caps import ProviderCaps
from tayori.runtime.clock import SECOND, Clock
from tayori.tenants.accounts import Accounts
from tayori.tenants.model import Account

LEASE_MS = 30 * SECOND
UPLOAD_WAIT_MS = SECOND
"""Rest of a task whose list is being filled."""
BACKLOG_WAIT_MS = 2 * SECOND
"""Rest of a task that is far enough ahead of delivery."""
ENDED = frozenset({TaskStatus.FINISHED, TaskStatus.WAITING})
"""States in which a run of a task leaves it at the end of its list."""
WANTED = 2**40
"""More than any limit: the answer is the room that there is."""

OutcomesOf = Callable[[int, int], Awaitable[Outcomes]]
"""Returns what became of the mails of an account's task so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerNeeds:
    """What a runner works with; `end_of_day` returns when the day of an instant ends."""

    store: TaskStore
    accounts: Accounts
    receivers: Receivers
    choosing: Choosing
    door: Door
    pace: Pace
    outcomes: OutcomesOf
    rules: BulkSettings
    clock: Clock
    end_of_day: Callable[[int], int]


class Given(NamedTuple):
    """The receivers of a step, and what their providers may get in this hour."""

    part: Part
    caps: ProviderCaps | None

    def towards(self, receiver: Receiver) -> Towards | None:
        """Return what the mail of a receiver counts against at his provider."""
        if self.caps is None:
            return None
        provider = self.part.providers[receiver.id]
        return Towards(provider, self.caps.cap(provider))


class Runner:
    """Works on tasks that are due, whatever account they belong to."""

    def __init__(self, needs: RunnerNeeds) -> None:
        self._needs = needs
        self._store = needs.store
        self._receivers = needs.receivers

    async def step(self) -> bool:
        """Do the next step of the task that has waited longest; False when nothing is due."""
        now = self._needs.clock.now()
        owner = uuid.uuid4().hex
        task = await self._store.claim(owner, now, now + LEASE_MS)
        if task is None:
            return False
        account = await self._needs.accounts.get(task.account_id)
        if isinstance(account, Refusal):
            await self._store.save(stopped(task, account), owner, now)
        else:
            await self._go_on(account, task, owner, now)
        return True

    async def _go_on(self, account: Account, task: Task, owner: str, now: int) -> None:
        listed = await self._receivers.get(account.id, task.order.list_id)
        if isinstance(listed, Refusal):
            await self._store.save(stopped(task, listed), owner, now)
            return
        if listed.status is ListStatus.UPLOADING:
            # Whoever is on his way into the list belongs to this run, so the run waits for him.
            await self._store.save(replace(task, due_at=now + UPLOAD_WAIT_MS), owner, now)
            return
        outcomes = await self._needs.outcomes(account.id, task.id)
        if task.status is TaskStatus.WAITING:
            phase = await self._needs.choosing.begin(account.id)
            bounds = await self._receivers.bounds(task.order.list_id)
            task = begun(task, bounds, outcomes, phase)
        task = self._of_today(task, now)
        part = await self._given(account, task, outcomes, now)
        if isinstance(part, Task):
            await self._store.save(part, owner, now)
        else:
            await self._expand(account, task, part, owner, now)

    def _of_today(self, task: Task, now: int) -> Task:
        if now < task.day_ends_at:
            return task
        return replace(task, day_ends_at=self._needs.end_of_day(now), day_sent=0)

    async def _given(
        self, account: Account, task: Task, outcomes: Outcomes, now: int
    ) -> Given | Task:
        """Return whom the step may write to, or the task as it waits."""
        rules = self._needs.rules
        trouble = overspent(outcomes, task.baseline, rules)
        if trouble:
            return paused(task, Cause.BUDGET, trouble)
        if rules.most_waiting and backlog(outcomes) >= rules.most_waiting:
            return going_on(task, now + BACKLOG_WAIT_MS)
        room = await self._needs.pace.room(account.id, task.domain, WANTED)
        if room.refusal is not None:
            return stopped(task, room.refusal)
        rivals = await self._store.rivals(task, now) if room.bound else []
        given: Grant = grant(room, task.day_sent, rivals, now)
        if not given.amount:
            return waiting(task, given)
        return await self._chosen(task, given.amount, room.caps, now)

    async def _chosen(
        self, task: Task, wanted: int, caps: ProviderCaps | None, now: int
    ) -> Given | Task:
        """Return up to `wanted` receivers, or the task at its end or waiting for providers."""
        part = await self._needs.choosing.next(task, wanted, now, caps)
        if part is Nobody.END:
            return over(task, now)
        if part is Nobody.CAPPED:
            return going_on(task, caps.ends_at if caps else now + RACE_MS)
        return Given(part, caps)

    async def _expand(
        self, account: Account, task: Task, given: Given, owner: str, now: int
    ) -> None:
        part = given.part

        async def along(transaction: Transaction, stretch: Stretch) -> bool:
            after, skips = progress(task, part, stretch, now)
            await self._store.skip(transaction, task, skips, now)
            await _note(transaction, task, part, stretch)
            if task.phase is Phase.OTHERS and after.status in ENDED:
                await forget_first(transaction, task.id)
            return await self._store.advance(transaction, after, owner, now)

        mark = self._needs.rules.ad_mark
        wishes = [
            submission_for(
                account,
                task.order,
                one,
                task_id=task.id,
                ad_mark=mark,
                towards=given.towards(one),
            )
            for one in part.fresh
        ]
        await self._needs.door.accept_in_order(account.id, wishes, concerns_all, along)


async def _note(transaction: Transaction, task: Task, part: Part, stretch: Stretch) -> None:
    """Write down whose turn it was, and who waits for his provider."""
    done = [one.id for one in through(part, stretch)]
    if part.waited_for is not None:
        await remove_aside(transaction, task, part.waited_for, [*done, *part.gone])
        return
    aside = set_aside(task, part, stretch)
    await add_aside(transaction, task, aside)
    if task.phase is Phase.ENGAGED:
        # Whoever waits comes from there, not once more with all others.
        await add_first(transaction, task, [*done, *(number for number, _ in aside)])
