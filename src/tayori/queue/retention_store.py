"""The SQL that forgets mails that ended long ago, with all that is known of them.

Rows are visited by number, which is nearly the order of time, so no index has to be kept for this.
Every call is one small transaction. What a reader of the event feed has not seen yet is left to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, delete, func, select

from tayori.db import numbers
from tayori.db.database import Database, Transaction
from tayori.db.statement import Statement, among
from tayori.db.tables.events import event
from tayori.db.tables.queue import attempt, message, message_content, recipient
from tayori.db.tables.stats import feed_cursor
from tayori.queue.states import FINAL, State

_NOT_READ: Final = 2**62
_NEXT_MAILS = Statement(
    select(message.c.id, message.c.accepted_at)
    .where(message.c.id > bindparam("after"))
    .order_by(message.c.id)
    .limit(bindparam("most"))
)
_OPEN = Statement(
    select(recipient.c.message_id)
    .distinct()
    .where(among(recipient.c.message_id, "messages"))
    .where(among(recipient.c.state, "open"))
)
_READ = Statement(select(func.coalesce(func.min(feed_cursor.c.position), _NOT_READ).label("total")))
_NEXT_EVENTS = Statement(
    select(event.c.id, event.c.at)
    .where(event.c.id > bindparam("after"))
    .where(event.c.id <= bindparam("read"))
    .order_by(event.c.id)
    .limit(bindparam("most"))
)
_FORGET_EVENTS = Statement(delete(event).where(among(event.c.id, "ids")))
_FORGET_MAILS = (
    Statement(
        delete(attempt).where(
            attempt.c.recipient_id.in_(
                select(recipient.c.id).where(among(recipient.c.message_id, "messages"))
            )
        )
    ),
    Statement(
        delete(event)
        .where(among(event.c.message_id, "messages"))
        .where(event.c.id <= bindparam("read"))
    ),
    Statement(delete(recipient).where(among(recipient.c.message_id, "messages"))),
    Statement(delete(message_content).where(among(message_content.c.message_id, "messages"))),
    Statement(delete(message).where(among(message.c.id, "messages"))),
)
_OPEN_STATES: Final = sorted(int(state) for state in State if state not in FINAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visited:
    """What one call saw: rows read, rows that were old, rows deleted, and the last number."""

    read: int
    old: int
    forgotten: int
    last: int


class RetentionStore:
    """Forgets in the database; moments are milliseconds since the Unix epoch."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def forget_mails(self, before: int, after: int, most: int) -> Visited:
        """Visit mails behind number `after`; forget those accepted before a moment that ended."""
        async with self._database.write() as transaction:
            values = {"after": after, "most": most}
            rows = await transaction.fetch(_NEXT_MAILS, values)
            old = [row["id"] for row in rows if row["accepted_at"] < before]
            ended = await _ended(transaction, old)
            if ended:
                read = await numbers.total(transaction, _READ, {})
                for statement in _FORGET_MAILS:
                    await transaction.execute(statement, {"messages": ended, "read": read})
        last = rows[-1]["id"] if rows else after
        return Visited(read=len(rows), old=len(old), forgotten=len(ended), last=last)

    async def forget_events(self, before: int, after: int, most: int) -> Visited:
        """Visit events behind number `after`; forget those of before a moment that were read.

        That is what belongs to no mail, such as refusals at the door, and what is left of others.
        """
        async with self._database.write() as transaction:
            read = await numbers.total(transaction, _READ, {})
            values = {"after": after, "most": most, "read": read}
            rows = await transaction.fetch(_NEXT_EVENTS, values)
            old = [row["id"] for row in rows if row["at"] < before]
            if old:
                await transaction.execute(_FORGET_EVENTS, {"ids": old})
        last = rows[-1]["id"] if rows else after
        return Visited(read=len(rows), old=len(old), forgotten=len(old), last=last)


async def _ended(transaction: Transaction, messages: Sequence[int]) -> list[int]:
    if not messages:
        return []
    values = {"messages": list(messages), "open": _OPEN_STATES}
    still_open = {row["message_id"] for row in await transaction.fetch(_OPEN, values)}
    return [number for number in messages if number not in still_open]
