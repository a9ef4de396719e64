"""The door's transaction: quota, messages and events of one batch, all or nothing per message."""

from collections.abc import Callable, Sequence

from tayori.accept.limits import full
from tayori.accept.suppression import without_suppressed
from tayori.accept.taking import Refusing, Taking, refused_event
from tayori.db.database import Database, Transaction
from tayori.db.group import GroupCommit
from tayori.events.model import Event
from tayori.events.store import record
from tayori.queue.intake import Intake
from tayori.queue.model import NewMessage
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
        """Return after the commit.

        A refusal is the answer where a counted limit was full, or where nobody may be written to.
        """
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
                judged = await self._judge(transaction, takings)
                kept = [item for item in judged if isinstance(item, NewMessage)]
                await self._intake.take(transaction, kept, (numbers[0][: len(kept)], numbers[1]))
                for taking, refusal in zip(takings, judged, strict=True):
                    if isinstance(refusal, Refusal):
                        answers[id(taking)] = refusal
                        events.append(_event(taking, refusal))
            await record(transaction, events)
            reach(Point.DOOR_BEFORE_COMMIT)
        reach(Point.DOOR_AFTER_COMMIT)
        if len(takings) > len(answers):
            self._on_commit()
        return [answers.get(id(item)) for item in batch]

    async def _judge(
        self, transaction: Transaction, takings: Sequence[Taking]
    ) -> list[NewMessage | Refusal]:
        """Return each message as it is taken, or why it is not: suppression first, then limits."""
        now = self._clock.now()
        messages = [item.message for item in takings]
        judged = await without_suppressed(transaction, messages, now)
        wishes = [
            taking.claims(message) if isinstance(message, NewMessage) else ()
            for taking, message in zip(takings, judged, strict=True)
        ]
        over = await count(transaction, wishes, now)
        return [
            message if claim is None else full(claim)
            for message, claim in zip(judged, over, strict=True)
        ]


def _event(item: Taking, refusal: Refusal) -> Event:
    return refused_event(
        Refusing(account_id=item.message.account_id, at=item.message.accepted_at, refusal=refusal)
    )
