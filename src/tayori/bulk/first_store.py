"""The receivers of a run whose turn came first, so that nobody is forgotten and nobody comes twice.

Who reads what changes while a task runs, so it is written down who was taken first, in the
transaction that takes the mails; all others of the list come after them.
"""

from collections.abc import Iterable

from tayori.bulk import statements
from tayori.bulk.model import Task
from tayori.db.database import Database, Transaction


async def add_first(transaction: Transaction, task: Task, receiver_ids: Iterable[int]) -> None:
    """Remember receivers that the run is through with."""
    of_run = {"task_id": task.id, "run": task.run}
    rows = [of_run | {"receiver_id": number} for number in receiver_ids]
    await transaction.execute_many(statements.INSERT_FIRST, rows)


async def forget_first(transaction: Transaction, task_id: int) -> None:
    """Forget them all at the end of a run."""
    await transaction.execute(statements.FORGET_FIRST, {"of_id": task_id})


class FirstStore:
    """Answers who came first."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def between(self, task: Task, after: int, up_to: int) -> frozenset[int]:
        """Return those with numbers behind `after` and not beyond `up_to`."""
        values = {"of_id": task.id, "of_run": task.run, "after": after, "up_to": up_to}
        async with self._database.read() as transaction:
            rows = await transaction.fetch(statements.FIRST, values)
        return frozenset(row["receiver_id"] for row in rows)
