"""A whole transaction of the embedded database in one visit to its connection's thread.

Each visit costs a turn of the event loop and two of the threads, while other writers wait. Work
that is done for every mail is therefore carried out where its statements run, from the beginning
to the commit, as one plain call.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from tayori.db.database import NOTHING, Row, Transaction, Work
from tayori.db.statement import Statement, arguments

T = TypeVar("T")


class DirectTransaction(Transaction):
    """A transaction whose user is on the connection's own thread: no method ever waits.

    It begins with its first statement, so that one in which nothing is asked keeps nobody out.
    """

    def __init__(
        self, connection: sqlite3.Connection, begin: Callable[[sqlite3.Connection], None]
    ) -> None:
        self._connection = connection
        self._begin = begin
        self.begun = False

    def _run(self, statement: Statement, values: Mapping[str, Any]) -> sqlite3.Cursor:
        sql, names, constants = statement.form("sqlite")
        given = arguments(names, constants, values, "sqlite")
        return self._open().execute(sql, given)

    def _open(self) -> sqlite3.Connection:
        if not self.begun:
            self._begin(self._connection)
            self.begun = True
        return self._connection

    async def fetch(self, statement: Statement, values: Mapping[str, Any] = NOTHING) -> list[Row]:
        """Return all rows."""
        rows: list[Any] = self._run(statement, values).fetchall()
        return rows

    async def execute(self, statement: Statement, values: Mapping[str, Any] = NOTHING) -> int:
        """Run a change and return the number of rows it touched."""
        return self._run(statement, values).rowcount

    async def execute_many(self, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run a change once per row."""
        if not rows:
            return
        sql, names, constants = statement.form("sqlite")
        given = [arguments(names, constants, row, "sqlite") for row in rows]
        self._open().executemany(sql, given)


def carry_out(
    connection: sqlite3.Connection,
    work: Work[T],
    begin: Callable[[sqlite3.Connection], None],
    end: Callable[[sqlite3.Connection, str], None],
) -> T:
    """Do the work between `begin` and `end`, which is told to COMMIT or to ROLLBACK."""
    transaction = DirectTransaction(connection, begin)
    try:
        answer = _answer(work, transaction)
    except BaseException:
        if transaction.begun:
            end(connection, "ROLLBACK")
        raise
    if transaction.begun:
        end(connection, "COMMIT")
    return answer


def _answer(work: Work[T], transaction: DirectTransaction) -> T:
    """Run the coroutine of the work to its end, which it reaches without ever being suspended."""
    coroutine = work(transaction)
    try:
        coroutine.send(None)
    except StopIteration as finished:
        answer: T = finished.value
        return answer
    coroutine.close()
    raise RuntimeError("The work of a transaction waited for something else than its statements.")
