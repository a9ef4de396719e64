"""The door's transaction: quota, messages and events of one batch, all or nothing per message."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final

from tayori.accept import idempotency_store as idempotency
from tayori.accept.idempotency import Token
from tayori.accept.limits import full
from tayori.accept.metering import UNPRICED, Counting, Meter
from tayori.accept.submission import Accepted
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
from tayori.reputation.model import Claim
from tayori.reputation.standing_store import standings
from tayori.reputation.store import count
from tayori.runtime.clock import Clock
from tayori.runtime.crash import Point, reach

PATIENCE_S: Final = 0.004
"""Seconds that mails under load wait for company; their shared transaction takes longer."""


class AcceptStore:
    """Takes messages into the queue; callers that come together share a transaction.

    `on_commit` is called after each commit that put something into the queue; `meter` counts and
    charges what is taken.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        on_commit: Callable[[], None] = lambda: None,
        meter: Meter = UNPRICED,
    ) -> None:
        self._database = database
        self._meter = meter
        self._on_commit = on_commit
        self._clock = clock
        self._intake = Intake(database)
        self._group: GroupCommit[Taking | Refusing, Accepted | Refusal | None] = GroupCommit(
            self._commit, patience_s=PATIENCE_S
        )

    async def put(self, item: Taking | Refusing) -> Accepted | Refusal:
        """Return after the commit.

        A refusal is the answer where a counted limit was full, where nobody may be written to, or
        where the item's token belongs to another mail. A mail whose token is known is not taken
        again; the answer is that of the first.
        """
        while True:
            answer = await self._group.put(item)
            if answer is not None:
                return answer

    async def recall(self, token: Token) -> Accepted | Refusal | None:
        """Return what is known of a token; None when it is new, or its mail not yet committed."""
        async with self._database.read() as transaction:
            known = await idempotency.recall(transaction, token, self._clock.now())
        return _repeated(known)

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
                counting = await self._meter.open(transaction, [one.message for one in takings])
                judged = await self._judge(transaction, takings, counting)
                row = _Row(items, judged, stops, stop)
                await self._intake.take(transaction, row.kept, row.numbers(numbers))
                await counting.write(transaction, row.kept)
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

    async def _commit(self, batch: Sequence[Taking | Refusing]) -> list[Accepted | Refusal | None]:
        """Return the answer to each; None to one that has to come again in a later batch."""
        takings = _one_of_each_token(batch)
        numbers = await self._intake.number([item.message for item in takings]) if takings else None
        answers = await self._database.apply(partial(self._write, batch, takings, numbers))
        reach(Point.DOOR_AFTER_COMMIT)
        if any(isinstance(yes, Accepted) and not yes.repeated for yes in answers.values()):
            self._on_commit()
        return [
            item.refusal if isinstance(item, Refusing) else answers.get(id(item)) for item in batch
        ]

    async def _write(
        self,
        batch: Sequence[Taking | Refusing],
        takings: Sequence[Taking],
        numbers: tuple[range, range] | None,
        transaction: Transaction,
    ) -> dict[int, Accepted | Refusal]:
        """Take what can be taken; return the answers by the identity of the item."""
        answers: dict[int, Accepted | Refusal] = {}
        events = [refused_event(item) for item in batch if isinstance(item, Refusing)]
        if numbers is not None:
            answers = await self._known(transaction, takings)
            new = [item for item in takings if id(item) not in answers]
            counting = await self._meter.open(transaction, [item.message for item in new])
            judged = await self._judge(transaction, new, counting)
            kept = [item for item in judged if isinstance(item, NewMessage)]
            await self._intake.take(transaction, kept, (numbers[0][: len(kept)], numbers[1]))
            await counting.write(transaction, kept)
            answers |= {id(item): _verdict(one) for item, one in zip(new, judged, strict=True)}
            refused = [(item, answers[id(item)]) for item in takings]
            events += [_refused(item, no) for item, no in refused if isinstance(no, Refusal)]
            await _give_back(transaction, zip(new, judged, strict=True))
        await record(transaction, events)
        reach(Point.DOOR_BEFORE_COMMIT)
        return answers

    async def _known(
        self, transaction: Transaction, takings: Sequence[Taking]
    ) -> dict[int, Accepted | Refusal]:
        """Claim the tokens; return the answers to those that are known."""
        named = [(item, item.token) for item in takings if item.token is not None]
        if not named:
            return {}
        wishes = [(token, item.message.public_id) for item, token in named]
        found = await idempotency.claim_all(transaction, wishes, self._clock.now())
        answers = {id(item): _repeated(one) for (item, _), one in zip(named, found, strict=True)}
        return {item: answer for item, answer in answers.items() if answer is not None}

    async def _judge(
        self, transaction: Transaction, takings: Sequence[Taking], counting: Counting
    ) -> list[NewMessage | Refusal]:
        """Return each message as it is taken, or why it is not: lists, then limits, then money."""
        if not takings:
            return []
        now = self._clock.now()
        messages = [item.message for item in takings]
        judged = await without_suppressed(transaction, messages, now)
        found = await standings(
            transaction,
            {item.domain for item in takings},
            {message.account_id for message in messages},
        )
        claimed = [
            taking.claims(message, found) if isinstance(message, NewMessage) else message
            for taking, message in zip(takings, judged, strict=True)
        ]
        wishes = [() if isinstance(one, Refusal) else one for one in claimed]

        def pays(place: int) -> bool:
            message = judged[place]
            if isinstance(message, Refusal) or isinstance(claimed[place], Refusal):
                return True
            refusal = counting.refuses(message)
            if refusal is not None:
                claimed[place] = refusal
            return refusal is None

        over = await count(transaction, wishes, now, pays)
        return [
            _answer(message, wish, claim)
            for message, wish, claim in zip(judged, claimed, over, strict=True)
        ]


def _answer(
    message: NewMessage | Refusal, wish: Sequence[Claim] | Refusal, over: Claim | None
) -> NewMessage | Refusal:
    if isinstance(wish, Refusal):
        return wish
    return message if over is None else full(over)


def _repeated(known: str | Refusal | None) -> Accepted | Refusal | None:
    return Accepted(message_id=known, repeated=True) if isinstance(known, str) else known


def _verdict(judged: NewMessage | Refusal) -> Accepted | Refusal:
    return judged if isinstance(judged, Refusal) else Accepted(message_id=judged.public_id)


def _one_of_each_token(batch: Iterable[Taking | Refusing]) -> list[Taking]:
    """Return what can be taken together: of those that share a token only the first."""
    takings: list[Taking] = []
    seen: set[tuple[int, str, str]] = set()
    for item in batch:
        if not isinstance(item, Taking):
            continue
        if item.token is not None:
            key = (item.token.account_id, item.token.action, item.token.key)
            if key in seen:
                continue
            seen.add(key)
        takings.append(item)
    return takings


async def _give_back(
    transaction: Transaction, judged: Iterable[tuple[Taking, NewMessage | Refusal]]
) -> None:
    """Forget the tokens of what was refused: nothing was done that could be done twice."""
    await idempotency.forget(
        transaction,
        [
            item.token
            for item, verdict in judged
            if isinstance(verdict, Refusal) and item.token is not None
        ],
    )


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
            sender=message.from_address,
            template_id=message.template_id,
            task_id=message.task_id,
        )
    return refused_event(item)
