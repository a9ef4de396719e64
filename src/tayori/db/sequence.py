"""Row numbers handed out in blocks, so that a batch needs no round trip for its keys.

A block that a process did not use up is lost with it; gaps carry no meaning.
"""

import asyncio

from sqlalchemy import bindparam, insert, select, update

from tayori.db.database import Database
from tayori.db.statement import Statement
from tayori.db.tables.system import sequence
from tayori.runtime.crash import Point, reach

BLOCK = 1_000

_LOOK = Statement(select(sequence.c.next).where(sequence.c.name == bindparam("key")))
_BEGIN = Statement(insert(sequence).values(name=bindparam("key"), next=bindparam("first")))
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
                await transaction.execute(_BEGIN, {"key": self._name, "first": 1 + size})
            row = await transaction.fetch_one(_LOOK, {"key": self._name})
            reach(Point.SEQUENCE_BEFORE_COMMIT)
        reach(Point.SEQUENCE_AFTER_COMMIT)
        if row is None:
            raise LookupError(f"The sequence {self._name} vanished while it was advanced.")
        self._end = int(row["next"])
        self._next = self._end - size
