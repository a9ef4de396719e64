"""Expands tasks through the door: a step takes the next receivers of a task, in order.

Mails and cursor are committed together, so after a crash a task goes on exactly where it was: no
receiver is left out and none is written to twice. A step ends its lease, so tasks take turns. One
receiver that cannot be written to is passed over, with an event that says why; a reason that
concerns all of them stops the task, and a full quota pauses it until the next day.
"""

import uuid
from dataclasses import replace
from datetime import tzinfo

from tayori.accept.door import Door
from tayori.accept.taking import Stretch
from tayori.bulk.expanding import submission_for
from tayori.bulk.model import Task, TaskStatus
from tayori.bulk.progress import STEP, concerns_all, ended, progress, stopped, unmoved
from tayori.bulk.store import TaskStore
from tayori.catalog.receiver_model import ListStatus
from tayori.catalog.receiver_store import count_behind
from tayori.catalog.receivers import Receivers
from tayori.db.database import Transaction
from tayori.refusal.refusal import Refusal
from tayori.runtime.clock import MINUTE, SECOND, Clock
from tayori.tenants.accounts import Accounts
from tayori.tenants.model import Account

LEASE_MS = 2 * MINUTE
UPLOAD_WAIT_MS = SECOND
"""Rest of a task whose list is being filled."""


class Runner:
    """Works on tasks that are due, whatever account they belong to."""

    def __init__(
        self,
        *,
        store: TaskStore,
        accounts: Accounts,
        receivers: Receivers,
        door: Door,
        clock: Clock,
        zone: tzinfo,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._receivers = receivers
        self._door = door
        self._clock = clock
        self._zone = zone

    async def step(self) -> bool:
        """Do the next step of the task that has waited longest; False when nothing is due."""
        now = self._clock.now()
        owner = uuid.uuid4().hex
        task = await self._store.claim(owner, now, now + LEASE_MS)
        if task is None:
            return False
        account = await self._accounts.get(task.account_id)
        if isinstance(account, Refusal):
            await self._store.save(task.id, owner, stopped(task, account), now)
        else:
            await self._expand(account, task, owner, now)
        return True

    async def _expand(self, account: Account, task: Task, owner: str, now: int) -> None:
        listed = await self._receivers.get(account.id, task.order.list_id)
        if isinstance(listed, Refusal):
            await self._store.save(task.id, owner, stopped(task, listed), now)
            return
        if listed.status is ListStatus.UPLOADING:
            # Whoever is on his way into the list belongs to this run, so the run waits for him.
            await self._store.save(task.id, owner, unmoved(task, now + UPLOAD_WAIT_MS), now)
            return
        if task.status is TaskStatus.WAITING:
            task = replace(task, requested=listed.total - listed.invalid, sent=0)
        receivers = await self._receivers.after(task.order.list_id, task.cursor, STEP)
        if not receivers:
            await self._store.save(task.id, owner, ended(task, now), now)
            return

        async def along(transaction: Transaction, stretch: Stretch) -> bool:
            after = progress(task, receivers, stretch, now, self._zone)
            if after.status is TaskStatus.PAUSED:
                cached = await count_behind(transaction, task.order.list_id, after.cursor)
                after = replace(after, cached=cached)
            return await self._store.advance(transaction, task.id, owner, after, now)

        wishes = [submission_for(account, task.order, one, task.id) for one in receivers]
        await self._door.accept_in_order(account.id, wishes, concerns_all, along)
