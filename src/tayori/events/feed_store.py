"""The feed of events, read by number: each reader keeps a cursor and never skips an event.

On PostgreSQL a number is drawn before its transaction commits, so a higher number can be seen
before a lower one is. A reader therefore goes no further than the horizon: the number up to which
every transaction that drew one has ended. Whoever is about to insert an event holds the table's
lock for inserting from before the number is drawn until after the commit is visible. So: look first
how far numbers were drawn, then who holds that lock; when all of those have let go, every number
drawn by then is either visible or will never be. No writer waits for this. SQLite has one writer
at a time, whose numbers become visible in order.
"""

from dataclasses import dataclass

from sqlalchemy import bindparam, column, func, literal_column, select, table, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from tayori.db.database import Database, Transaction
from tayori.db.statement import Statement, by_dialect
from tayori.db.tables.events import event
from tayori.db.tables.stats import feed_cursor

_NEWEST = Statement(select(func.coalesce(func.max(event.c.id), 0).label("number")))
_DRAWN = Statement(
    select(
        func.coalesce(
            func.pg_sequence_last_value(literal_column("'event_id_seq'::regclass")), 0
        ).label("number")
    )
)
_locks = table(
    "pg_locks",
    column("virtualtransaction"),
    column("relation"),
    column("database"),
    column("mode"),
)
_INSERTING = Statement(
    select(_locks.c.virtualtransaction)
    .distinct()
    .where(_locks.c.relation == literal_column("'event'::regclass"))
    .where(
        _locks.c.database
        == literal_column("(SELECT oid FROM pg_database WHERE datname = current_database())")
    )
    .where(_locks.c.mode == literal_column("'RowExclusiveLock'"))
)
_BEGIN = {"name": bindparam("reader"), "position": 0}
_ENSURE = Statement(
    by_dialect(
        sqlite=sqlite_insert(feed_cursor).values(_BEGIN).on_conflict_do_nothing(),
        postgresql=postgresql_insert(feed_cursor).values(_BEGIN).on_conflict_do_nothing(),
    )
)
_POSITION = Statement(
    select(feed_cursor.c.position).where(feed_cursor.c.name == bindparam("reader"))
)
_ADVANCE = Statement(
    update(feed_cursor)
    .where(feed_cursor.c.name == bindparam("reader"))
    .where(feed_cursor.c.position == bindparam("was"))
    .values(position=bindparam("becomes"))
)


_CURSORS = Statement(select(feed_cursor).order_by(feed_cursor.c.name))
_NEXT = Statement(
    select(event.c.at).where(event.c.id > bindparam("after")).order_by(event.c.id).limit(1)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """How far a reader is behind; `since` is when its next event happened, None without one.

    `events` counts numbers, of which a few may never become events.
    """

    reader: str
    events: int
    since: int | None


async def lags(database: Database) -> list[Lag]:
    """Return how far each reader of the feed is behind, by name."""
    found = []
    async with database.read() as transaction:
        newest = await _number(transaction, _NEWEST)
        for row in await transaction.fetch(_CURSORS):
            following = await transaction.fetch_one(_NEXT, {"after": row["position"]})
            found.append(
                Lag(
                    reader=row["name"],
                    events=max(0, newest - row["position"]),
                    since=following["at"] if following else None,
                )
            )
    return found


class Horizon:
    """Tells up to which number the feed is complete. One value serves one reader at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._reached = 0
        self._drawn = 0
        self._awaited: frozenset[str] = frozenset()

    async def reach(self) -> int:
        """Return a number up to which every event that will ever be is visible.

        It may be some transactions behind; each call comes closer. Only what is read in a
        transaction that begins after the call is complete up to it.
        """
        async with self._database.read() as transaction:
            if self._database.dialect == "sqlite":
                return await _number(transaction, _NEWEST)
            if self._awaited:
                self._awaited &= await _inserting(transaction)
            if not self._awaited:
                self._reached = self._drawn
                # In this order: whoever draws a number after the first look may be missed.
                self._drawn = await _number(transaction, _DRAWN)
                self._awaited = await _inserting(transaction)
            if not self._awaited:
                self._reached = self._drawn
        return self._reached


async def position(transaction: Transaction, reader: str) -> int:
    """Return the number of the last event that the reader is done with, 0 before the first."""
    row = await transaction.fetch_one(_POSITION, {"reader": reader})
    return int(row["position"]) if row else 0


async def advance(transaction: Transaction, reader: str, was: int, becomes: int) -> bool:
    """Move the reader's cursor, in the transaction of what it did with the events between.

    False when somebody else has moved it meanwhile: then the transaction must not commit.
    """
    if was == 0:
        await transaction.execute(_ENSURE, {"reader": reader})
    moved = await transaction.execute(_ADVANCE, {"reader": reader, "was": was, "becomes": becomes})
    return moved == 1


async def _number(transaction: Transaction, statement: Statement) -> int:
    row = await transaction.fetch_one(statement)
    return int(row["number"]) if row else 0


async def _inserting(transaction: Transaction) -> frozenset[str]:
    rows = await transaction.fetch(_INSERTING)
    return frozenset(str(row["virtualtransaction"]) for row in rows)
