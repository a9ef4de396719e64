"""What stands in a server's database about every recipient, read beside the running server."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from tayori.db.database import Database
from tayori.db.open import database_url, open_database
from tayori.db.statement import Statement
from tayori.db.tables.bulk import bulk_task
from tayori.db.tables.queue import attempt, message_content, recipient
from tayori.db.tables.reputation import domain_day, level_change
from tayori.events.model import ATTEMPT, PROVIDER, EventKind
from tayori.mail.outcome import Kind
from tayori.queue.states import FINAL, State
from tayori.refusal.saying import recall
from tayori.reputation.engagement_store import note
from tayori.reputation.figures import Figures
from tayori.reputation.judging_store import figures_of
from tayori.reputation.level_model import Fact
from tayori.reputation.level_statements import ALL
from tayori.reputation.provider_store import learn

_RECIPIENTS = Statement(select(recipient.c.id, recipient.c.address, recipient.c.state))
_WAITS = Statement(
    select(recipient.c.address, recipient.c.wait_cause).where(recipient.c.wait_cause.is_not(None))
)
_ATTEMPTS = Statement(select(attempt.c.recipient_id, attempt.c.kind, attempt.c.started_at))
_CLASSES = Statement(
    select(recipient.c.address, attempt.c.bounce_class)
    .join_from(attempt, recipient, attempt.c.recipient_id == recipient.c.id)
    .where(attempt.c.kind != Kind.DELIVERED.value)
    .order_by(attempt.c.id)
)
_OPEN = Statement(
    select(func.count().label("many")).select_from(recipient).where(recipient.c.due_at.is_not(None))
)
_STATES = Statement(
    select(recipient.c.state, func.count().label("many")).group_by(recipient.c.state)
)
_TASK_COUNTS = Statement(
    select(bulk_task.c.sent, func.count(recipient.c.id).label("taken"))
    .select_from(bulk_task.outerjoin(recipient, recipient.c.flow == bulk_task.c.id))
    .group_by(bulk_task.c.id, bulk_task.c.sent)
)
_QUEUED_TWICE = Statement(
    select((func.count() - func.count(func.distinct(recipient.c.address))).label("many"))
)
_FIGURES = Statement(select(domain_day).where(domain_day.c.provider == ALL))
_CHANGES = Statement(
    select(level_change.c.kind, level_change.c.from_level, level_change.c.to_level).order_by(
        level_change.c.id
    )
)
_CONTENTS = Statement(select(func.count().label("many")).select_from(message_content))


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One recipient; `delivered_from` are the starts of its attempts that ended in delivery."""

    address: str
    state: State
    attempts: int
    delivered_from: Sequence[int]

    @property
    def final(self) -> bool:
        """Tell whether nothing will be done any more."""
        return self.state in FINAL


class Ledger:
    """A second look at a server's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def wait_causes(self) -> dict[str, str]:
        """Return why recipients went back to the queue unattempted, by address."""
        async with self._database.read() as transaction:
            rows = await transaction.fetch(_WAITS)
        return {row["address"]: str(recall(row["wait_cause"])) for row in rows}

    @staticmethod
    @asynccontextmanager
    async def of(url: str, data_dir: Path) -> AsyncIterator["Ledger"]:
        """Open the database that the settings name."""
        database = open_database(database_url(url, data_dir), 2)
        try:
            yield Ledger(database)
        finally:
            await database.close()

    async def open_recipients(self) -> int:
        """Return how many recipients are not final."""
        return await self._count(_OPEN)

    async def states(self) -> Counter[State]:
        """Return how many recipients there are in each state."""
        async with self._database.read() as transaction:
            rows = await transaction.fetch(_STATES)
        return Counter({State(row["state"]): int(row["many"]) for row in rows})

    async def note_readers(self, account_id: int, addresses: Sequence[str], at: int) -> None:
        """Let people have opened a mail of an account."""
        facts = [
            Fact(
                account_id=account_id,
                at=at,
                identity_id=1,
                accepted_at=at,
                address=address,
                kind=EventKind.OPEN,
                data={},
            )
            for address in addresses
        ]
        async with self._database.write() as transaction:
            await note(transaction, facts)

    async def note_provider(self, domain: str, provider: str, at: int) -> None:
        """Let a delivery have found whose a recipients' domain is."""
        fact = Fact(
            account_id=1,
            at=at,
            identity_id=1,
            accepted_at=at,
            address=f"u@{domain}",
            kind=EventKind.DELIVERED,
            data={ATTEMPT: 1, PROVIDER: provider},
        )
        async with self._database.write() as transaction:
            await learn(transaction, [fact])

    async def task_counts(self) -> tuple[int, int]:
        """Return how many mails the only bulk task counts, and how many there are."""
        async with self._database.read() as transaction:
            row = await transaction.fetch_one(_TASK_COUNTS, {})
        assert row is not None
        return int(row["sent"]), int(row["taken"])

    async def queued_twice(self) -> int:
        """Return how many recipients have an address that another one has, too."""
        return await self._count(_QUEUED_TWICE)

    async def figures(self) -> Figures:
        """Return what the days of all domains came to together."""
        total = Figures()
        async with self._database.read() as transaction:
            for row in await transaction.fetch(_FIGURES):
                total = total.plus(figures_of(row))
        return total

    async def level_changes(self) -> list[tuple[str, int, int]]:
        """Return kind, old and new level of each decision, in order."""
        async with self._database.read() as transaction:
            rows = await transaction.fetch(_CHANGES)
        return [(row["kind"], row["from_level"], row["to_level"]) for row in rows]

    async def stored_contents(self) -> int:
        """Return how many messages still have their content."""
        return await self._count(_CONTENTS)

    async def entries(self) -> list[Entry]:
        """Return every recipient."""
        async with self._database.read() as transaction:
            recipients = await transaction.fetch(_RECIPIENTS)
            attempts = await transaction.fetch(_ATTEMPTS)
        delivered: dict[int, list[int]] = {row["id"]: [] for row in recipients}
        tried: dict[int, int] = dict.fromkeys(delivered, 0)
        for row in attempts:
            tried[row["recipient_id"]] += 1
            if row["kind"] == Kind.DELIVERED.value:
                delivered[row["recipient_id"]].append(row["started_at"])
        return [
            Entry(
                address=row["address"],
                state=State(row["state"]),
                attempts=tried[row["id"]],
                delivered_from=delivered[row["id"]],
            )
            for row in recipients
        ]

    async def classes(self) -> dict[str, list[str]]:
        """Return the classes of the attempts that failed, in their order, by address."""
        async with self._database.read() as transaction:
            rows = await transaction.fetch(_CLASSES)
        found: dict[str, list[str]] = {}
        for row in rows:
            found.setdefault(row["address"], []).append(row["bounce_class"])
        return found

    async def _count(self, statement: Statement) -> int:
        async with self._database.read() as transaction:
            row = await transaction.fetch_one(statement)
        assert row is not None
        return int(row["many"])
