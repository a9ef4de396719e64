"""The roll of processes: each says every few seconds that it lives, so that operators see who does.

A process that stops takes itself off the roll; one that was killed stays on it, silent, until it is
forgotten. Nothing else depends on the roll.
"""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import bindparam, delete, func, literal_column, select, text
from sqlalchemy.dialects import postgresql, sqlite

from tayori.db.database import Database
from tayori.db.statement import Statement, by_dialect
from tayori.db.tables.system import process
from tayori.runtime.clock import HOUR, SECOND

SILENT_MS = 30 * SECOND
"""A process that has said nothing for so long is gone, or hangs."""
FORGOTTEN_MS = HOUR

_ROW: dict[str, Any] = {c.name: bindparam(c.name) for c in process.c}
_SEEN: dict[str, Any] = {
    "index_elements": [process.c.name],
    "set_": {name: _ROW[name] for name in ("started_at", "seen_at", "version", "engines")},
}
_HERE = Statement(
    by_dialect(
        sqlite=sqlite.insert(process).values(_ROW).on_conflict_do_update(**_SEEN),
        postgresql=postgresql.insert(process).values(_ROW).on_conflict_do_update(**_SEEN),
    )
)
_GONE = Statement(delete(process).where(process.c.name == bindparam("of_name")))
_FORGET = Statement(delete(process).where(process.c.seen_at < bindparam("before")))
_ALL = Statement(select(process).order_by(process.c.host, process.c.kind, process.c.pid))
_PAGES = "SELECT page_count * page_size AS octets FROM pragma_page_count, pragma_page_size"
_SIZE = Statement(
    by_dialect(
        sqlite=text(_PAGES),
        postgresql=select(
            func.pg_database_size(literal_column("current_database()")).label("octets")
        ),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A process that is or was there. Times are milliseconds since the Unix epoch.

    `engines` is JSON that the process wrote about its scanners.
    """

    name: str
    host: str
    pid: int
    kind: str
    version: str
    started_at: int
    seen_at: int
    engines: str = "[]"

    def silent(self, now: int) -> bool:
        """Tell whether it has said nothing for too long."""
        return now - self.seen_at > SILENT_MS

    def now(self, at: int, engines: bytes) -> "Process":
        """Return the same process as it is at a later time."""
        return replace(self, seen_at=at, engines=engines.decode())


class RollStore:
    """The roll in the database, and how large that is."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def here(self, one: Process) -> None:
        """Say that a process lives, and forget those that were silent for long."""
        values = {name: getattr(one, name) for name in _ROW}
        async with self._database.write() as transaction:
            await transaction.execute(_FORGET, {"before": one.seen_at - FORGOTTEN_MS})
            await transaction.execute(_HERE, values)

    async def gone(self, name: str) -> None:
        """Take a process off the roll."""
        async with self._database.write() as transaction:
            await transaction.execute(_GONE, {"of_name": name})

    async def all(self) -> list[Process]:
        """Return all processes, by host, kind and number."""
        async with self._database.read() as transaction:
            rows = await transaction.fetch(_ALL)
        return [Process(**{name: row[name] for name in _ROW}) for row in rows]

    async def octets(self) -> int:
        """Return how large the database is."""
        async with self._database.read() as transaction:
            row = await transaction.fetch_one(_SIZE)
        return int(row["octets"]) if row else 0
