"""Writes events inside the caller's transaction: an event exists exactly when its change does."""

from collections.abc import Collection, Sequence

import msgspec
from sqlalchemy import bindparam, insert, select, text

from tayori.db.database import Database, Transaction
from tayori.db.statement import Statement, among
from tayori.db.tables.events import IS_REACTION, event
from tayori.events.model import MACHINE, Event, EventKind

_INSERT = Statement(
    insert(event).values({c.name: bindparam(c.name) for c in event.c if c.name != "id"})
)
_OF_MESSAGE = Statement(
    select(event).where(event.c.message_id == bindparam("message")).order_by(event.c.id)
)

BY_A_PERSON = event.c.data.not_like(f'%"{MACHINE}":"%')
"""Not by a machine. Inside a text JSON escapes the quotes, so no link can look like the mark."""
REACTIONS = Statement(
    select(event.c.recipient_id, event.c.kind)
    .distinct()
    .where(among(event.c.recipient_id, "recipients"))
    .where(text(IS_REACTION))
    .where(BY_A_PERSON)
)


async def record(transaction: Transaction, events: Sequence[Event]) -> None:
    """Add the events to the record."""
    await transaction.execute_many(
        _INSERT,
        [
            {
                "at": item.at,
                "account_id": item.account_id,
                "kind": item.kind.value,
                "message_id": item.message_id,
                "recipient_id": item.recipient_id,
                "data": msgspec.json.encode(item.data).decode(),
            }
            for item in events
        ],
    )


async def reactions(
    transaction: Transaction, recipients: Collection[int]
) -> dict[int, frozenset[EventKind]]:
    """Return what recipients did themselves, by number; who did nothing is left out."""
    rows = await transaction.fetch(REACTIONS, {"recipients": list(recipients)})
    found: dict[int, frozenset[EventKind]] = {}
    for row in rows:
        known = found.get(row["recipient_id"], frozenset())
        found[row["recipient_id"]] = known | {EventKind(row["kind"])}
    return found


class EventStore:
    """Reads the record."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_message(self, message_id: int) -> list[Event]:
        """Return the events of one message, oldest first."""
        async with self._database.read() as transaction:
            rows = await transaction.fetch(_OF_MESSAGE, {"message": message_id})
        return [
            Event(
                at=row["at"],
                account_id=row["account_id"],
                kind=EventKind(row["kind"]),
                message_id=row["message_id"],
                recipient_id=row["recipient_id"],
                data=msgspec.json.decode(row["data"]),
            )
            for row in rows
        ]
