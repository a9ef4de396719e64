"""PostgreSQL through asyncpg: a pool of connections, read committed, time limits on statements."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeVar

import asyncpg

from tayori.db.database import NOTHING, DatabaseBusyError, IntegrityError, Row, Transaction, Work
from tayori.db.statement import Statement, arguments

T = TypeVar("T")

_SETTINGS = {
    "application_name": "tayori",
    "lock_timeout": "20000",
    "statement_timeout": "60000",
    "idle_in_transaction_session_timeout": "60000",
}
_BUSY = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.TransactionRollbackError,
    asyncpg.InsufficientResourcesError,
    asyncpg.LockNotAvailableError,
    asyncpg.InterfaceError,
    # What the driver says of a connection that was cut in the middle of its own clean-up.
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)


class PostgresqlTransaction(Transaction):
    """A transaction on one connection of the pool."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def fetch(self, statement: Statement, values: Mapping[str, Any] = NOTHING) -> list[Row]:
        """Return all rows."""
        sql, names, constants = statement.form("postgresql")
        given = arguments(names, constants, values, "postgresql")
        rows: list[Row] = await self._connection.fetch(sql, *given)
        return rows

    async def execute(self, statement: Statement, values: Mapping[str, Any] = NOTHING) -> int:
        """Run a change and return the number of rows it touched."""
        sql, names, constants = statement.form("postgresql")
        given = arguments(names, constants, values, "postgresql")
        status: str = await self._connection.execute(sql, *given)
        count = status.rpartition(" ")[2]
        return int(count) if count.isdigit() else 0

    async def execute_many(self, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run a change once per row, pipelined by the driver."""
        if not rows:
            return
        sql, names, constants = statement.form("postgresql")
        given = [arguments(names, constants, row, "postgresql") for row in rows]
        await self._connection.executemany(sql, given)


class PostgresqlDatabase:
    """A pool of connections to one database; opened on first use."""

    dialect = "postgresql"

    def __init__(self, url: str, pool_size: int) -> None:
        self._url = url
        self._size = pool_size
        self._pool: Any = None
        self._opening = asyncio.Lock()

    async def _open(self) -> Any:
        async with self._opening:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    self._url, min_size=1, max_size=self._size, server_settings=_SETTINGS
                )
        return self._pool

    def read(self) -> AbstractAsyncContextManager[Transaction]:
        """Open a read-only transaction that sees one committed state."""
        return self._transaction(readonly=True)

    def write(self) -> AbstractAsyncContextManager[Transaction]:
        """Open a transaction that may change everything."""
        return self._transaction(readonly=False)

    async def look(self, work: Work[T]) -> T:
        """Run `work` in a transaction that changes nothing; return its answer."""
        async with self.read() as transaction:
            return await work(transaction)

    async def apply(self, work: Work[T]) -> T:
        """Run `work` in a transaction; return its answer once committed."""
        async with self.write() as transaction:
            return await work(transaction)

    @asynccontextmanager
    async def _transaction(self, *, readonly: bool) -> AsyncIterator[Transaction]:
        isolation = "repeatable_read" if readonly else "read_committed"
        try:
            pool = self._pool or await self._open()
            async with (
                pool.acquire() as connection,
                connection.transaction(isolation=isolation, readonly=readonly),
            ):
                yield PostgresqlTransaction(connection)
        except asyncpg.IntegrityConstraintViolationError as error:
            raise IntegrityError(str(error)) from error
        except _BUSY as error:
            raise DatabaseBusyError(str(error)) from error

    async def close(self) -> None:
        """Close the pool after transactions under way have ended."""
        if self._pool is not None:
            await self._pool.close()
