"""The door's transaction: quota, messages and events of one batch, all or nothing per message."""

from collections.abc import Callable, Iterable, Sequence

from tayori.accept.limits import full
from tayori.accept.suppression import without_suppressed
from tayori.accept.taking import (
    Along,
    Refusing,
    Stretch,
    Taking,
    mailbox_types,
    refused_event,
)
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

    async def put_in_order(
        self,
        items: Sequence[Taking | Refusing],
        stops: Callable[[Refusal], bool],
        along: Along,
    ) -> Stretch | None:
        """Take the items in one transaction with what `along` writes; None when it said no.

        The first refusal that `stops` the row, and everything behind it, leaves no trace.
        """
        items, stop = _up_to_stop(items, stops)
        takings = [item for item in items if isinstance(item, Taking)]
        numbers = await self._intake.number([taking.message for taking in takings])
        try:
            async with self._database.write() as transaction:
                judged = await self._judge(transaction, takings)
                row = _Row(items, judged, stops, stop)
                await self._intake.take(transaction, row.kept, row.numbers(numbers))
                await record(transaction, row.events)
                _insist(await along(transaction, row.stretch))
                reach(Point.DOOR_BEFORE_COMMIT)
        except _UndoneError:
            return None
        reach(Point.DOOR_AFTER_COMMIT)
        if row.kept:
            self._on_commit()
        return row.stretch

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
                        events.append(_refused(taking, refusal))
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


class _UndoneError(Exception):
    """The caller of a row of mails may not go on; the transaction is rolled back."""


def _insist(go_on: bool) -> None:  # noqa: FBT001 - the answer itself
    if not go_on:
        raise _UndoneError


class _Row:
    """What becomes of mails in order: taken, refused with an event, or stopped without a trace."""

    def __init__(
        self,
        items: Sequence[Taking | Refusing],
        judged: Iterable[NewMessage | Refusal],
        stops: Callable[[Refusal], bool],
        stop: Refusal | None,
    ) -> None:
        self.kept: list[NewMessage] = []
        self.events: list[Event] = []
        answers: list[Refusal | None] = []
        verdicts = iter(judged)
        for item in items:
            verdict = item.refusal if isinstance(item, Refusing) else next(verdicts)
            if isinstance(verdict, NewMessage):
                self.kept.append(verdict)
                answers.append(None)
            elif isinstance(item, Taking) and stops(verdict):
                stop = verdict
                break
            else:
                self.events.append(_refused(item, verdict))
                answers.append(verdict)
        self.stretch = Stretch(answers=answers, stop=stop)

    def numbers(self, drawn: tuple[range, range]) -> tuple[range, range]:
        """Return as many of the numbers as are needed."""
        recipients = sum(len(message.recipients) for message in self.kept)
        return drawn[0][: len(self.kept)], drawn[1][:recipients]


def _up_to_stop(
    items: Sequence[Taking | Refusing], stops: Callable[[Refusal], bool]
) -> tuple[Sequence[Taking | Refusing], Refusal | None]:
    for place, item in enumerate(items):
        if isinstance(item, Refusing) and stops(item.refusal):
            return items[:place], item.refusal
    return items, None


def _refused(item: Taking | Refusing, refusal: Refusal) -> Event:
    if isinstance(item, Taking):
        message = item.message
        item = Refusing(
            account_id=message.account_id,
            at=message.accepted_at,
            refusal=refusal,
            domain=message.from_address.rpartition("@")[2],
            mailbox_types=mailbox_types(message.recipients),
        )
    return refused_event(item)
