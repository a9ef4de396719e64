"""All SQL with which operators look into the queue of all accounts, and change it.

Changes are made in small transactions that lock in the order of settlements (contents, then
recipients by number), each with its events; what moved meanwhile is decided on as it is then.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, bindparam, or_, select, update

from tayori.db.database import Database, Row, Transaction
from tayori.db.statement import Statement, among
from tayori.db.tables.queue import attempt, message, recipient
from tayori.events.model import Event
from tayori.events.store import record
from tayori.queue.model import Priority
from tayori.queue.operate import DROPPED_BY_OPERATOR, EVENTS, Entry, Move, Wish, decide
from tayori.queue.statements import ERASE_CONTENT, LOCK_CONTENT
from tayori.queue.states import FINAL, State
from tayori.refusal.saying import Saying, keep, recall

BATCH = 500
"""Recipients that one transaction changes, so that delivery never waits long."""

BULK_RANKS = (int(Priority.BULK), int(Priority.BULK) + 3)
"""Ranks of bulk mail: new, and tried before."""

ENTRY = select(
    recipient.c.id,
    recipient.c.message_id,
    message.c.public_id,
    recipient.c.account_id,
    recipient.c.address,
    recipient.c.state,
    recipient.c.attempts,
    recipient.c.due_at,
    recipient.c.accepted_at,
    recipient.c.expires_at,
    recipient.c.ended_at,
    recipient.c.reply,
    recipient.c.wait_cause,
    recipient.c.wait_since,
).select_from(recipient.join(message, message.c.id == recipient.c.message_id))
_LOCKED = Statement(
    ENTRY.where(among(recipient.c.id, "ids")).order_by(recipient.c.id).with_for_update(of=recipient)
)
_MOVE = Statement(
    update(recipient)
    .where(recipient.c.id == bindparam("of_id"))
    .values(state=bindparam("to_state"), due_at=bindparam("to_due_at"), lease_owner=None)
)
_END = Statement(
    update(recipient)
    .where(recipient.c.id == bindparam("of_id"))
    .values(
        state=bindparam("to_state"),
        due_at=None,
        lease_owner=None,
        ended_at=bindparam("now"),
        send_status=bindparam("to_send_status"),
        reply=bindparam("to_reply"),
    )
)
_MESSAGE = Statement(select(message).where(message.c.public_id == bindparam("of_public_id")))
_ATTEMPTS = Statement(
    select(attempt)
    .join(recipient, recipient.c.id == attempt.c.recipient_id)
    .where(recipient.c.message_id == bindparam("message"))
    .order_by(attempt.c.id)
)


_LAST = (
    select(attempt.c.id)
    .where(attempt.c.recipient_id == recipient.c.id)
    .where(attempt.c.number == recipient.c.attempts)
    .correlate(recipient)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which recipients are meant; what is None does not matter, no ids mean any."""

    recipient_ids: tuple[int, ...] = ()
    message_ids: tuple[str, ...] = ()
    """MessageIds of the API."""
    state: State | None = None
    account_id: int | None = None
    domain: str | None = None
    task_id: int | None = None
    """Bulk mail of this task; with the account it is found by an index."""
    accepted_before: int | None = None
    """Milliseconds since the epoch."""
    provider: str | None = None
    """The receiver's group, as the last attempt met it."""
    bounce_class: str | None = None
    """What the last attempt came to."""
    limit: int | None = None
    """At most so many, those first whose next attempt is due first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A recipient as it was, with its move or the sentence that says why it was left alone."""

    entry: Entry
    result: Move | str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageHead:
    """What is kept of a message beside its recipients."""

    number: int
    message_id: str
    account_id: int
    source: str
    from_address: str
    subject: str
    template_id: int | None
    accepted_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRow:
    """One attempt as it was stored; `code` is None when the receiver gave no reply."""

    recipient_id: int
    number: int
    kind: str
    stage: str
    started_at: int
    ended_at: int
    peer_host: str
    peer_address: str
    tls: str
    code: int | None
    enhanced: str
    text: Saying
    bounce_class: str
    detail: str
    source: str | None = None
    rule: str | None = None
    wait_cause: Saying | None = None
    wait_since: int | None = None
    conversation: str | None = None
    """As `mail.transcript` reads it."""


class OperatorStore:
    """The queue as operators see it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, wanted: Filter) -> list[Entry]:
        """Return the recipients that are meant; only open ones unless state or ids say which."""
        chosen = ENTRY.where(*conditions(wanted)).order_by(recipient.c.due_at, recipient.c.id)
        statement = Statement(chosen if wanted.limit is None else chosen.limit(wanted.limit))
        values = {"ids": wanted.recipient_ids, "public_ids": wanted.message_ids}
        async with self._database.read() as transaction:
            return [entry_of(row) for row in await transaction.fetch(statement, values)]

    async def change(
        self, wanted: Filter, wish: Wish, now: int, reason: Saying | str
    ) -> list[Changed]:
        """Fulfil the wish for all that are meant; `reason` goes into the event."""
        meant = sorted(await self.find(wanted), key=lambda entry: entry.recipient_id)
        changed: list[Changed] = []
        for start in range(0, len(meant), BATCH):
            changed += await self._change(meant[start : start + BATCH], wish, now, reason)
        return changed

    async def _change(
        self, meant: Sequence[Entry], wish: Wish, now: int, reason: Saying | str
    ) -> list[Changed]:
        messages = {"messages": sorted({entry.message_number for entry in meant})}
        async with self._database.write() as transaction:
            if wish is Wish.DROP:
                # As in a settlement: who ends the last two recipients of a message must meet.
                await transaction.fetch(LOCK_CONTENT, messages)
            ids = [entry.recipient_id for entry in meant]
            entries = [entry_of(row) for row in await transaction.fetch(_LOCKED, {"ids": ids})]
            changed = [Changed(entry=each, result=decide(each, wish, now)) for each in entries]
            await _store(transaction, changed, now, reason)
            moved = [each.entry for each in changed if isinstance(each.result, Move)]
            await record(transaction, [_event(entry, wish, now, reason) for entry in moved])
            if wish is Wish.DROP:
                await transaction.execute(ERASE_CONTENT, messages)
        return changed

    async def message(self, message_id: str) -> MessageHead | None:
        """Return a message of any account by its MessageId."""
        async with self._database.read() as transaction:
            row = await transaction.fetch_one(_MESSAGE, {"of_public_id": message_id})
        if row is None:
            return None
        return MessageHead(
            number=row["id"],
            message_id=row["public_id"],
            account_id=row["account_id"],
            source=row["source"],
            from_address=row["from_address"],
            subject=row["subject"],
            template_id=row["template_id"],
            accepted_at=row["accepted_at"],
        )

    async def attempts(self, message_number: int) -> list[AttemptRow]:
        """Return all attempts for a message's recipients, oldest first."""
        async with self._database.read() as transaction:
            rows = await transaction.fetch(_ATTEMPTS, {"message": message_number})
        return [_attempt_of(row) for row in rows]


def conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    """Return what a recipient has to fulfil; `ids` and `public_ids` are parameters of it."""
    conditions: list[ColumnElement[bool]] = []
    if wanted.recipient_ids:
        conditions.append(among(recipient.c.id, "ids"))
    if wanted.message_ids:
        conditions.append(among(message.c.public_id, "public_ids"))
    if wanted.state is not None:
        conditions.append(recipient.c.state == int(wanted.state))
    elif not (wanted.recipient_ids or wanted.message_ids):
        conditions.append(recipient.c.due_at.is_not(None))
    if wanted.account_id is not None:
        conditions.append(recipient.c.account_id == wanted.account_id)
    if wanted.domain is not None:
        conditions.append(recipient.c.domain == wanted.domain)
    if wanted.task_id is not None:
        conditions.append(or_(*(recipient.c.rank == rank for rank in BULK_RANKS)))
        conditions.append(recipient.c.flow == wanted.task_id)
    return [*conditions, *_finer_conditions(wanted)]


def _finer_conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.accepted_before is not None:
        conditions.append(recipient.c.accepted_at <= wanted.accepted_before)
    if wanted.provider is not None:
        conditions.append(_LAST.where(attempt.c.provider == wanted.provider).exists())
    if wanted.bounce_class is not None:
        conditions.append(_LAST.where(attempt.c.bounce_class == wanted.bounce_class).exists())
    return conditions


async def _store(
    transaction: Transaction, changed: Sequence[Changed], now: int, reason: Saying | str
) -> None:
    moves: list[dict[str, object]] = []
    ends: list[dict[str, object]] = []
    for each in changed:
        if not isinstance(each.result, Move):
            continue
        row: dict[str, object] = {
            "of_id": each.entry.recipient_id,
            "to_state": int(each.result.state),
        }
        if each.result.state in FINAL:
            ended = {"now": now, "to_send_status": DROPPED_BY_OPERATOR, "to_reply": keep(reason)}
            ends.append(row | ended)
        else:
            moves.append(row | {"to_due_at": each.result.due_at})
    await transaction.execute_many(_MOVE, moves)
    await transaction.execute_many(_END, ends)


def _event(entry: Entry, wish: Wish, now: int, reason: Saying | str) -> Event:
    return Event(
        at=now,
        account_id=entry.account_id,
        kind=EVENTS[wish],
        message_id=entry.message_number,
        recipient_id=entry.recipient_id,
        data={"reason": keep(reason)} if reason else {},
    )


def entry_of(row: Row) -> Entry:
    """Return the recipient that a row of ENTRY holds."""
    return Entry(
        recipient_id=row["id"],
        message_number=row["message_id"],
        message_id=row["public_id"],
        account_id=row["account_id"],
        address=row["address"],
        state=State(row["state"]),
        attempts=row["attempts"],
        due_at=row["due_at"],
        accepted_at=row["accepted_at"],
        expires_at=row["expires_at"],
        ended_at=row["ended_at"],
        reply=recall(row["reply"]),
        wait_cause=recall(row["wait_cause"]) if row["wait_cause"] else None,
        wait_since=row["wait_since"],
    )


def _attempt_of(row: Row) -> AttemptRow:
    values = {name: row[name] for name in AttemptRow.__dataclass_fields__}
    told = {
        "text": recall(row["text"]),
        "wait_cause": recall(row["wait_cause"]) if row["wait_cause"] else None,
    }
    return AttemptRow(**values | told)
