"""What a store sees of a database: statements in, rows out, inside a transaction.

A transaction commits when its block ends and rolls back when the block raises. A committed
transaction is on disk (SQLite: WAL with synchronous=FULL; PostgreSQL: synchronous_commit=on).
"""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeVar

from tayori.db.statement import Statement
from tayori.runtime.trouble import Trouble

T = TypeVar("T")

Row = Mapping[str, Any]
NOTHING: Mapping[str, Any] = {}
"""The values of a statement without parameters."""
"""One row by column name. Flags may come as 0/1: turn them into bool where they are read."""


class DatabaseBusyError(Trouble):
    """The database cannot be reached or locked at the moment; trying again may succeed."""


class IntegrityError(Exception):
    """A row contradicts a key or a reference; nothing of its transaction stays."""


class Transaction(Protocol):
    """Runs statements; values are given by the names of the statement's parameters.

    Databases inherit it, and do better where their drivers can.
    """

    async def fetch(self, statement: Statement, values: Mapping[str, Any] = ...) -> list[Row]:
        """Return all rows."""
        ...

    async def fetch_each(
        self, questions: Sequence[tuple[Statement, Mapping[str, Any]]]
    ) -> list[list[Row]]:
        """Return all rows of each question, in as few round trips as the driver can."""
        return [await self.fetch(statement, values) for statement, values in questions]

    async def fetch_one(
        self, statement: Statement, values: Mapping[str, Any] = NOTHING
    ) -> Row | None:
        """Return the first row, or None."""
        rows = await self.fetch(statement, values)
        return rows[0] if rows else None

    async def execute(self, statement: Statement, values: Mapping[str, Any] = ...) -> int:
        """Run a change and return the number of rows it touched."""
        ...

    async def execute_many(self, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run a change once per row, in as few round trips as the driver can."""
        ...


Work = Callable[[Transaction], Coroutine[Any, Any, T]]
"""What is done in one transaction."""


class Database(Protocol):
    """An open database."""

    @property
    def dialect(self) -> str:
        """Return "sqlite" or "postgresql"."""
        ...

    def read(self) -> AbstractAsyncContextManager[Transaction]:
        """Open a transaction that changes nothing."""
        ...

    def write(self) -> AbstractAsyncContextManager[Transaction]:
        """Open a transaction that may change everything."""
        ...

    async def apply(self, work: Work[T]) -> T:
        """Run `work` in a transaction that may change everything; return its answer once committed.

        For work that is done very often: the embedded database runs all of it in one go on the
        connection's own thread. So `work` awaits nothing but its transaction, and what it reads
        and changes besides must not be changed by others meanwhile.
        """
        ...

    async def look(self, work: Work[T]) -> T:
        """Run `work` in a transaction that changes nothing; return its answer.

        For questions that are asked very often, under the terms of `apply`.
        """
        ...

    async def close(self) -> None:
        """Close all connections; transactions under way end first."""
        ...
