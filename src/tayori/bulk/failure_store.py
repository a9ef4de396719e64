"""Reads whom a task did not reach: who was passed over, then whose mail came to a bad end."""

from collections.abc import AsyncIterator
from typing import Final

from tayori.bulk import statements
from tayori.bulk.model import Failure
from tayori.db.database import Database
from tayori.queue.states import State

AT_ONCE: Final = 1_000
"""Rows of one question, so that a task of any size takes little memory."""


class FailureStore:
    """The failures of tasks of any account."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_task(self, task_id: int) -> AsyncIterator[Failure]:
        """Yield every failure of all runs of a task."""
        async for failure in self._skipped(task_id):
            yield failure
        async for failure in self._failed(task_id):
            yield failure

    async def _skipped(self, task_id: int) -> AsyncIterator[Failure]:
        run, after = -1, 0
        while True:
            values = {"of_id": task_id, "after_run": run, "after": after, "most": AT_ONCE}
            async with self._database.read() as transaction:
                rows = await transaction.fetch(statements.SKIPS, values)
            for row in rows:
                yield Failure(
                    address=row["address"],
                    kind=row["reason"],
                    detail=row["detail"],
                    at=row["at"],
                )
            if len(rows) < AT_ONCE:
                return
            run, after = rows[-1]["run"], rows[-1]["receiver_id"]

    async def _failed(self, task_id: int) -> AsyncIterator[Failure]:
        after = 0
        while True:
            values = {"of_id": task_id, "after": after, "most": AT_ONCE}
            async with self._database.read() as transaction:
                rows = await transaction.fetch(statements.FAILED, values)
            for row in rows:
                yield Failure(
                    address=row["address"],
                    kind=State(row["state"]).name.lower(),
                    detail=row["reply"],
                    at=row["ended_at"] or 0,
                )
            if len(rows) < AT_ONCE:
                return
            after = rows[-1]["id"]
