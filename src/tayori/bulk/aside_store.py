"""The receivers of a run who wait for their provider, so that others go on meanwhile.

They are written down with the step that passes them and taken off with the step that takes their
mails, in its transaction: whatever is killed, nobody is left out and nobody comes twice. The
provider is the one of that moment, even if the domain moves to another one before its turn.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from tayori.bulk import statements
from tayori.bulk.model import Task
from tayori.catalog.receiver_model import Receiver
from tayori.db.database import Database, Transaction
from tayori.refusal.saying import recall


async def add_aside(
    transaction: Transaction, task: Task, waiting: Iterable[tuple[int, str]]
) -> None:
    """Set receivers aside: the number and the provider of each."""
    of_run = {"task_id": task.id, "run": task.run}
    rows = [of_run | {"receiver_id": one, "provider": name} for one, name in waiting]
    await transaction.execute_many(statements.INSERT_ASIDE, rows)


async def remove_aside(
    transaction: Transaction, task: Task, provider: str, receiver_ids: Iterable[int]
) -> None:
    """Take receivers of a provider off, since the run is through with them."""
    values = {"of_id": task.id, "of_run": task.run, "of_provider": provider}
    await transaction.execute(statements.REMOVE_ASIDE, values | {"receivers": sorted(receiver_ids)})


async def forget_aside(transaction: Transaction, task_id: int) -> None:
    """Forget them all."""
    await transaction.execute(statements.FORGET_ASIDE, {"of_id": task_id})


@dataclass(frozen=True, slots=True)
class Waiting:
    """The next receivers who wait for a provider; those in `gone` are no longer in the list."""

    receivers: list[Receiver]
    gone: tuple[int, ...]


class AsideStore:
    """Answers who waits."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def next(self, task: Task, provider: str, most: int) -> Waiting:
        """Return up to `most` of those who wait for a provider, in the order of the list."""
        values = {"of_id": task.id, "of_run": task.run, "of_provider": provider, "most": most}
        async with self._database.read() as transaction:
            rows = await transaction.fetch(statements.ASIDE, values)
        names = ("id", "address", "data", "valid", "created_at")
        there = [row for row in rows if row["id"] is not None]
        return Waiting(
            receivers=[
                Receiver(**{name: row[name] for name in names}, reason=recall(row["reason"]))
                for row in there
            ],
            gone=tuple(row["receiver_id"] for row in rows if row["id"] is None),
        )
