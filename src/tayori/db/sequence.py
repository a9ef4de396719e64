"""Row numbers handed out in blocks, so that a batch needs no round trip for its keys.

A block that a process did not use up is lost with it; gaps carry no meaning.
"""

import asyncio
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from tayori.db.database import Database
from tayori.db.statement import Statement, by_dialect
from tayori.db.tables.system import sequence
from tayori.runtime.crash import Point, reach

BLOCK = 1_000

_LOOK = Statement(select(sequence.c.next).where(sequence.c.name == bindparam("key")))
# Two processes may be the first at the same time; the second then counts on from the other.
_BEGUN: dict[str, Any] = {"name": bindparam("key"), "next": bindparam("first")}
_GO_ON: dict[str, Any] = {
    "index_elements": [sequence.c.name],
    "set_": {"next": sequence.c.next + bindparam("size")},
}
_BEGIN = Statement(
    by_dialect(
        sqlite=sqlite.insert(sequence).values(_BEGUN).on_conflict_do_update(**_GO_ON),
        postgresql=postgresql.insert(sequence).values(_BEGUN).on_conflict_do_update(**_GO_ON),
    )
)
_ADVANCE = Statement(
    update(sequence)
    .where(sequence.c.name == bindparam("key"))
    .values(next=sequence.c.next + bindparam("size"))
)


class Sequence:
    """Numbers of one name, unique over all processes of the installation."""

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self._name = name
        self._next = 0
        self._end = 0
        self._refill = asyncio.Lock()

    async def take(self, count: int) -> range:
        """Return `count` consecutive numbers that nobody else gets."""
        async with self._refill:
            if self._end - self._next < count:
                await self._fetch(max(count, BLOCK))
            first = self._next
            self._next += count
            return range(first, first + count)

    async def _fetch(self, size: int) -> None:
        async with self._database.write() as transaction:
            touched = await transaction.execute(_ADVANCE, {"key": self._name, "size": size})
            if touched == 0:
                await transaction.execute(
                    _BEGIN, {"key": self._name, "first": 1 + size, "size": size}
                )
            row = await transaction.fetch_one(_LOOK, {"key": self._name})
            reach(Point.SEQUENCE_BEFORE_COMMIT)
        reach(Point.SEQUENCE_AFTER_COMMIT)
        if row is None:
            raise LookupError(f"The sequence {self._name} vanished while it was advanced.")
        self._end = int(row["next"])
        self._next = self._end - size
