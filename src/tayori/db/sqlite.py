"""The embedded database: SQLite in WAL mode, synchronous=FULL, one writer at a time.

Writers of several processes queue on a blocking file lock instead of SQLite's busy handler, which
sleeps and polls and makes the slowest writer wait for hundreds of milliseconds. Each connection has
a thread of its own, so the event loop never waits for the disk.
"""

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from tayori.db.database import NOTHING, DatabaseBusyError, IntegrityError, Row, Transaction, Work
from tayori.db.sqlite_work import carry_out
from tayori.db.statement import Statement, arguments

T = TypeVar("T")

READERS = 4
WRITER_CACHE_KIB = 65_536
READER_CACHE_KIB = 16_384
"""What each connection keeps of a large database; the system keeps the rest of it once for all."""
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA busy_timeout=30000",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA wal_autocheckpoint=4000",
)


class _Connection:
    """One SQLite connection and the thread that alone uses it."""

    def __init__(self, path: Path, lock_path: Path | None, cache_kib: int) -> None:
        self._cache_kib = cache_kib
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite")
        self._path = path
        self._lock = os.open(lock_path, os.O_RDWR | os.O_CREAT, 0o600) if lock_path else -1
        self._sqlite: sqlite3.Connection | None = None

    def _open(self) -> sqlite3.Connection:
        if self._sqlite is None:
            self._sqlite = sqlite3.connect(self._path, isolation_level=None, timeout=30)
            self._sqlite.row_factory = sqlite3.Row
            for pragma in _PRAGMAS:
                self._sqlite.execute(pragma)
            self._sqlite.execute(f"PRAGMA cache_size=-{self._cache_kib}")
        return self._sqlite

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` on the connection's thread; a cancelled caller does not cut it short."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, lambda: work(self._open()))
        except sqlite3.IntegrityError as error:
            raise IntegrityError(str(error)) from error
        except sqlite3.OperationalError as error:
            raise DatabaseBusyError(str(error)) from error

    def begin(self, connection: sqlite3.Connection) -> None:
        """Open a transaction, waiting for other processes' writers first if this one writes."""
        if self._lock < 0:
            connection.execute("BEGIN")
            return
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        try:
            connection.execute("BEGIN IMMEDIATE")
        except BaseException:
            fcntl.flock(self._lock, fcntl.LOCK_UN)
            raise

    def end(self, connection: sqlite3.Connection, command: str) -> None:
        """Commit or roll back, and let the next writer in."""
        try:
            if connection.in_transaction:
                connection.execute(command)
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        finally:
            if self._lock >= 0:
                fcntl.flock(self._lock, fcntl.LOCK_UN)

    async def close(self) -> None:
        """Close the connection and its thread."""
        if self._sqlite is not None:
            await self.run(lambda connection: connection.close())
        self._thread.shutdown()
        if self._lock >= 0:
            os.close(self._lock)


class SqliteTransaction(Transaction):
    """A transaction on one connection.

    A visit to the connection's thread costs a turn of the event loop, with other writers waiting
    outside. So what answers nothing (the beginning, changes row by row) waits for the next
    statement that does, or for the commit; an error of it comes up there.
    """

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection
        self._waiting: list[Callable[[sqlite3.Connection], Any]] = [connection.begin]
        self._visited = False

    async def _visit(self, work: Callable[[sqlite3.Connection], T]) -> T:
        waiting, self._waiting = self._waiting, []
        self._visited = True

        def all_of_it(connection: sqlite3.Connection) -> T:
            for earlier in waiting:
                earlier(connection)
            return work(connection)

        return await self._connection.run(all_of_it)

    async def commit(self) -> None:
        """End well; a transaction in which nothing was asked has not even begun."""
        if not self._visited and len(self._waiting) == 1:
            return
        waiting, self._waiting = self._waiting, []

        def all_of_it(connection: sqlite3.Connection) -> None:
            try:
                for earlier in waiting:
                    earlier(connection)
            except BaseException:
                self._connection.end(connection, "ROLLBACK")
                raise
            self._connection.end(connection, "COMMIT")

        await _unbroken(self._connection.run(all_of_it))

    async def roll_back(self) -> None:
        """Undo everything."""
        self._waiting = []
        if self._visited:
            await _unbroken(self._connection.run(lambda c: self._connection.end(c, "ROLLBACK")))

    async def fetch(self, statement: Statement, values: Mapping[str, Any] = NOTHING) -> list[Row]:
        """Return all rows."""
        sql, names, constants = statement.form("sqlite")
        given = arguments(names, constants, values, "sqlite")
        rows: list[Any] = await self._visit(lambda c: c.execute(sql, given).fetchall())
        return rows

    async def fetch_each(
        self, questions: Sequence[tuple[Statement, Mapping[str, Any]]]
    ) -> list[list[Row]]:
        """Return all rows of each question, from one visit."""
        asked = []
        for statement, values in questions:
            sql, names, constants = statement.form("sqlite")
            asked.append((sql, arguments(names, constants, values, "sqlite")))

        def answers(connection: sqlite3.Connection) -> list[Any]:
            return [connection.execute(sql, given).fetchall() for sql, given in asked]

        return await self._visit(answers)

    async def execute(self, statement: Statement, values: Mapping[str, Any] = NOTHING) -> int:
        """Run a change and return the number of rows it touched."""
        sql, names, constants = statement.form("sqlite")
        given = arguments(names, constants, values, "sqlite")
        return await self._visit(lambda c: c.execute(sql, given).rowcount)

    async def execute_many(self, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run a change once per row, with the next statement that answers or with the commit."""
        if not rows:
            return
        sql, names, constants = statement.form("sqlite")
        given = [arguments(names, constants, row, "sqlite") for row in rows]
        self._waiting.append(lambda c: c.executemany(sql, given))


class SqliteDatabase:
    """One writing connection and a few reading ones."""

    dialect = "sqlite"

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock_path = path.with_name(path.name + "-writer")
        self._writer = _Connection(path, lock_path, WRITER_CACHE_KIB)
        self._writing = asyncio.Lock()
        self._readers = [_Connection(path, None, READER_CACHE_KIB) for _ in range(READERS)]
        self._idle: asyncio.LifoQueue[_Connection] = asyncio.LifoQueue()
        for reader in self._readers:
            self._idle.put_nowait(reader)

    def read(self) -> AbstractAsyncContextManager[Transaction]:
        """Open a transaction on a reading connection; it sees one committed state."""
        return self._read()

    def write(self) -> AbstractAsyncContextManager[Transaction]:
        """Open a transaction on the writing connection."""
        return self._write()

    async def apply(self, work: Work[T]) -> T:
        """Run `work` in one visit to the writing connection; return its answer once committed."""
        async with self._writing:
            return await _carried_out(self._writer, work)

    async def look(self, work: Work[T]) -> T:
        """Run `work` in one visit to a reading connection; return its answer."""
        async with self._reader() as reader:
            return await _carried_out(reader, work)

    @asynccontextmanager
    async def _reader(self) -> AsyncIterator[_Connection]:
        connection = await self._idle.get()
        try:
            yield connection
        finally:
            self._idle.put_nowait(connection)

    @asynccontextmanager
    async def _read(self) -> AsyncIterator[Transaction]:
        async with self._reader() as reader, _transaction(reader) as transaction:
            yield transaction

    @asynccontextmanager
    async def _write(self) -> AsyncIterator[Transaction]:
        async with self._writing, _transaction(self._writer) as transaction:
            yield transaction

    async def close(self) -> None:
        """Close all connections."""
        async with self._writing:
            await self._writer.close()
        for reader in self._readers:
            await reader.close()


@asynccontextmanager
async def _transaction(connection: _Connection) -> AsyncIterator[SqliteTransaction]:
    transaction = SqliteTransaction(connection)
    try:
        yield transaction
    except BaseException:
        await transaction.roll_back()
        raise
    await transaction.commit()


async def _carried_out(connection: _Connection, work: Work[T]) -> T:
    """Do the work in one visit to the connection's thread."""
    return await _unbroken(
        connection.run(lambda c: carry_out(c, work, connection.begin, connection.end))
    )


async def _unbroken(work: Coroutine[Any, Any, T]) -> T:
    """Finish `work` even when the caller is cancelled, so that no transaction is left open."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise
