"""The door's transaction: quota, messages and events of one batch, all or nothing per message."""

from collections.abc import Callable, Sequence

from tayori.accept.limits import full
from tayori.accept.taking import Refusing, Taking, refused_event
from tayori.db.database import Database
from tayori.db.group import GroupCommit
from tayori.events.model import Event
from tayori.events.store import record
from tayori.queue.intake import Intake
from tayori.refusal.refusal import Refusal
from tayori.reputation.store import count
from tayori.runtime.clock import Clock
from tayori.runtime.crash import Point, reach


class AcceptStore:
    """Takes messages into the queue; callers that come together share a transaction.

    `on_commit` is called after each commit that put something into the queue.
    """

    def __init__(
        self, database: Database, clock: Clock, on_commit: Callable[[], None] = lambda: None
    ) -> None:
        self._database = database
        self._on_commit = on_commit
        self._clock = clock
        self._intake = Intake(database)
        self._group: GroupCommit[Taking | Refusing, Refusal | None] = GroupCommit(self._commit)

    async def put(self, item: Taking | Refusing) -> Refusal | None:
        """Return after the commit; a refusal is the answer where a counted limit was full."""
        return await self._group.put(item)

    async def drain(self) -> None:
        """Return when everything put so far is committed."""
        await self._group.drain()

    async def _commit(self, batch: Sequence[Taking | Refusing]) -> list[Refusal | None]:
        takings = [item for item in batch if isinstance(item, Taking)]
        events = [refused_event(item) for item in batch if isinstance(item, Refusing)]
        messages = [item.message for item in takings]
        numbers = await self._intake.number(messages) if messages else None
        answers: dict[int, Refusal] = {}
        async with self._database.write() as transaction:
            if numbers is not None:
                now = self._clock.now()
                refused = await count(transaction, [item.claims for item in takings], now)
                for item, claim in zip(takings, refused, strict=True):
                    if claim is not None:
                        answers[id(item)] = full(claim)
                        events.append(_full_event(item, answers[id(item)]))
                kept = [item.message for item in takings if id(item) not in answers]
                await self._intake.take(transaction, kept, (numbers[0][: len(kept)], numbers[1]))
            await record(transaction, events)
            reach(Point.DOOR_BEFORE_COMMIT)
        reach(Point.DOOR_AFTER_COMMIT)
        if len(takings) > len(answers):
            self._on_commit()
        return [answers.get(id(item)) for item in batch]


def _full_event(item: Taking, refusal: Refusal) -> Event:
    return refused_event(
        Refusing(account_id=item.message.account_id, at=item.message.accepted_at, refusal=refusal)
    )
