"""Writes what became of recipients, many at a time, and keeps their leases until then.

A recipient is held from its lease until its settlement is committed. While the database cannot be
reached nothing is dropped: the results wait here, bounded by what was leased, and so does the
leasing of more. What a receiver said yes to stands in the journal meanwhile.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tayori.classify.model import BounceClass
from tayori.db.database import DatabaseBusyError
from tayori.delivery.journal import Journal
from tayori.queue.model import Leased, Settlement
from tayori.queue.states import State
from tayori.queue.store import QueueStore
from tayori.refusal.saying import NOTHING, Saying, say
from tayori.runtime import log, metrics
from tayori.runtime.clock import SECOND

LINGER_S = 0.02
"""How long results wait for company: a status that is this much later harms nobody."""
LARGEST = 500
SLOWEST_RETRY_S = 5.0


class Settler:
    """Collects settlements of `owner`'s recipients and commits them in batches.

    `journals` is the directory in which the processes of this machine note deliveries; None for
    no journal.
    """

    def __init__(self, queue: QueueStore, owner: str, journals: Path | None = None) -> None:
        self._queue = queue
        self._owner = owner
        self._journal = Journal(journals, owner.replace("/", "-")) if journals else None
        self._held: dict[int, Leased] = {}
        self._undecided: dict[int, Leased] = {}
        self._settled = 0
        self._waiting: list[Settlement] = []
        self._work = asyncio.Event()
        self._room = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._ending = False
        self._log = log.get("delivery")

    @property
    def held(self) -> Sequence[int]:
        """Return the recipients whose leases this process needs."""
        return tuple(self._held)

    def hold(self, leased: Sequence[Leased]) -> None:
        """Take charge of recipients that were leased."""
        for item in leased:
            self._held[item.id] = self._undecided[item.id] = item

    def release(self, recipient_id: int) -> None:
        """Give up a recipient without a word: its lease runs out by itself."""
        self._undecided.pop(recipient_id, None)
        self._held.pop(recipient_id, None)
        self._room.set()

    def put(self, settlement: Settlement) -> None:
        """Take a result; it is committed soon. Only the first one for a lease counts."""
        if self._undecided.pop(settlement.recipient.id, None) is not None:
            self._note(settlement)
            self._waiting.append(settlement)
            self._work.set()

    def _note(self, settlement: Settlement) -> None:
        if self._journal is None:
            return
        try:
            self._journal.note(settlement)
        except OSError as error:
            # Without the note a crash in the next moments may cost a duplicate, and no more.
            self._log.warning("delivery_not_noted", error=str(error))

    def give_back(self, now: int) -> None:
        """Return to the queue whatever has no result, as not attempted."""
        for recipient in list(self._undecided.values()):
            self.put(returned(recipient, now))

    async def wait_for_room(self, most: int) -> None:
        """Return when fewer than `most` recipients are held."""
        while len(self._held) >= most:
            self._room.clear()
            await self._room.wait()

    async def wait_settled(self, count: int) -> None:
        """Return when so many recipients were settled since the start, returned ones apart."""
        while self._settled < count:
            self._room.clear()
            await self._room.wait()

    def start(self) -> None:
        """Begin to commit."""
        if self._journal is not None:
            self._journal.open()
        self._task = asyncio.create_task(self._run(), name="settler")

    async def finish(self) -> None:
        """Commit what is here and end; while the database is away this waits for it."""
        self._ending = True
        self._work.set()
        if self._task is not None:
            await asyncio.wait({self._task})
        if self._journal is not None:
            self._journal.close()

    async def _run(self) -> None:
        while self._waiting or not self._ending:
            await self._work.wait()
            if not self._ending and len(self._waiting) < LARGEST:
                await asyncio.sleep(LINGER_S)
            batch = self._waiting[:LARGEST]
            del self._waiting[:LARGEST]
            if not self._waiting and not self._ending:
                self._work.clear()
            if batch:
                await self._commit(batch)

    async def _commit(self, batch: list[Settlement]) -> None:
        pause = 0.1
        while True:
            try:
                effective = await self._queue.settle(self._owner, batch)
                break
            except DatabaseBusyError as error:
                self._log.warning("settle_delayed", count=len(batch), error=str(error))
                await asyncio.sleep(pause)
                pause = min(SLOWEST_RETRY_S, pause * 2)
            except Exception:
                # One row must not hold the others up; whoever is left out is tried again when its
                # lease runs out.
                self._log.exception("settle_failed", count=len(batch))
                effective = await self._one_by_one(batch)
                break
        for item in batch:
            self._held.pop(item.recipient.id, None)
        if self._journal is not None:
            self._journal.settled(item.recipient.id for item in batch)
        done = [item for item, yes in zip(batch, effective, strict=True) if yes]
        self._settled += _observe(done)
        self._room.set()

    async def _one_by_one(self, batch: Sequence[Settlement]) -> list[bool]:
        effective = []
        for item in batch:
            try:
                effective += await self._queue.settle(self._owner, [item])
            except Exception:
                self._log.exception("settle_failed", recipient=item.recipient.id)
                effective.append(False)
        return effective


def _observe(done: Sequence[Settlement]) -> int:
    """Count what was settled; return how much of it does not wait on unattempted."""
    states = Counter(item.state for item in done)
    for state, count in states.items():
        metrics.SETTLED.labels(state.name.lower()).inc(count)
    for item in done:
        if item.state is State.DELIVERED:
            metrics.DELIVERY_SECONDS.observe(max(0, item.at - item.recipient.accepted_at) / SECOND)
    return len(done) - states[State.QUEUED]


def put_off(
    recipient: Leased, now: int, delay_ms: int, cause: Saying, *, ended: Saying = NOTHING
) -> Settlement:
    """Return what becomes of a mail that has to wait unattempted, but no longer than it lives.

    `ended` is said when its lifetime is over.
    """
    left_ms = recipient.expires_at - now
    if left_ms > 0:
        return returned(recipient, now, min(delay_ms, left_ms), cause=cause)
    return Settlement(
        recipient=recipient,
        state=State.EXPIRED,
        at=now,
        bounce_class=BounceClass.EXPIRED.value,
        reply=ended or say("The mail's lifetime ended while it waited. {rest}", rest=cause),
    )


def returned(
    recipient: Leased, now: int, delay_ms: int = 0, *, cause: Saying = NOTHING
) -> Settlement:
    """Return the settlement of a mail that goes back to the queue unattempted.

    `cause` says why it has to wait; it is kept and shown in the timeline.
    """
    return Settlement(
        recipient=recipient, state=State.QUEUED, at=now, due_at=now + delay_ms, cause=cause
    )
