"""Reads whom a task did not reach: who was passed over, then whose mail came to a bad end."""

from collections.abc import AsyncIterator, Sequence
from typing import Final, NamedTuple

from tayori.bulk import statements
from tayori.bulk.model import Failure
from tayori.db.database import Database, Row, Transaction
from tayori.queue.states import State
from tayori.refusal.saying import recall

AT_ONCE: Final = 1_000
"""Rows of one question, so that a task of any size takes little memory."""


class Place(NamedTuple):
    """Where a page of failures begins: behind whom was passed over, or behind whose mail failed."""

    failed: bool = False
    run: int = -1
    number: int = 0


class FailureStore:
    """The failures of tasks of any account."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_task(self, task_id: int) -> AsyncIterator[Failure]:
        """Yield every failure of all runs of a task."""
        place: Place | None = Place()
        while place is not None:
            found, place = await self.page(task_id, place, AT_ONCE)
            for failure in found:
                yield failure

    async def page(
        self, task_id: int, place: Place, most: int
    ) -> tuple[list[Failure], Place | None]:
        """Return up to `most` failures behind a place, and the next place; None at the end."""
        found: list[Failure] = []
        async with self._database.read() as transaction:
            if not place.failed:
                found, following = await _skipped(transaction, task_id, place, most)
                if following is not None:
                    return found, following
                place = Place(failed=True)
            more, following = await _failed(transaction, task_id, place, most - len(found))
        return found + more, following


async def _skipped(
    transaction: Transaction, task_id: int, place: Place, most: int
) -> tuple[list[Failure], Place | None]:
    values = {"of_id": task_id, "after_run": place.run, "after": place.number, "most": most}
    rows = await transaction.fetch(statements.SKIPS, values)
    found = [
        Failure(
            address=row["address"], kind=row["reason"], detail=recall(row["detail"]), at=row["at"]
        )
        for row in rows
    ]
    if len(rows) < most:
        return found, None
    return found, Place(run=rows[-1]["run"], number=rows[-1]["receiver_id"])


async def _failed(
    transaction: Transaction, task_id: int, place: Place, most: int
) -> tuple[list[Failure], Place | None]:
    # One more than wanted tells whether there is another page.
    values = {"of_id": task_id, "after": place.number, "most": most + 1}
    rows = await transaction.fetch(statements.FAILED, values)
    shown = rows[:most]
    classes = await _classes(transaction, shown)
    found = [
        Failure(
            address=row["address"],
            kind=State(row["state"]).name.lower(),
            detail=recall(row["reply"]),
            at=row["ended_at"] or 0,
            bounce_class=classes.get(row["id"], ""),
            mail=row["public_id"],
        )
        for row in shown
    ]
    if len(rows) <= most:
        return found, None
    return found, Place(failed=True, number=shown[-1]["id"] if shown else place.number)


async def _classes(transaction: Transaction, rows: Sequence[Row]) -> dict[int, str]:
    """Return what the last refusal of each recipient was about."""
    if not rows:
        return {}
    values = {"recipients": [row["id"] for row in rows]}
    found = await transaction.fetch(statements.CLASSES, values)
    return {row["recipient_id"]: row["bounce_class"] for row in found}
