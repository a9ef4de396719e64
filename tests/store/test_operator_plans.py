"""Pages of operators and logs of accounts are read by indexes, however long the tables are."""

import time

import pytest
from sqlalchemy import text
from tests.bench.backlog_filling import pile_up
from tests.store.test_queue import message, take
from tests.store.test_stats_plans import Explained, by_index, plan

from tayori.callbacks import statements as callbacks
from tayori.catalog.template_store import TemplateStore, Waiting
from tayori.db.statement import Statement
from tayori.queue.model import Priority
from tayori.queue.operator_store import Filter
from tayori.queue.overview_store import OverviewStore
from tayori.queue.states import State
from tayori.tenants.api_log_store import AccessStore, Mark
from tayori.tenants.api_log_store import Filter as CallFilter

ROWS = 20_000


class Watched:
    """A database that keeps what it was asked, with the values."""

    def __init__(self, database):
        self._database, self.asked = database, []

    def __getattr__(self, name):
        return getattr(self._database, name)

    def read(self):
        return _Reading(self._database.read(), self.asked)


class _Reading:
    def __init__(self, opened, asked):
        self._opened, self._asked = opened, asked

    async def __aenter__(self):
        self._inside = await self._opened.__aenter__()
        return self

    async def __aexit__(self, *error):
        return await self._opened.__aexit__(*error)

    async def fetch(self, statement, values=None):
        self._asked.append((statement, values or {}))
        return await self._inside.fetch(statement, values or {})

    async def fetch_one(self, statement, values=None):
        self._asked.append((statement, values or {}))
        return await self._inside.fetch_one(statement, values or {})


@pytest.fixture
async def backlog(database):
    await take(database, message("m1", "u1@x1.test"))
    await pile_up(database, ROWS, receivers=9)
    return database


async def plans(database, ask):
    """Return the plans of everything that is asked."""
    watched = Watched(database)
    await ask(watched)
    # Only this rank has many recipients; where there are hardly any, any way is as good.
    asked = [each for each in watched.asked if each[1]["of_rank"] == int(Priority.BULK)]
    return [await plan(database, statement, **values) for statement, values in asked]


async def forced(database, statement, values):
    """Return the plan of a statement where PostgreSQL reads no short table from end to end."""
    column = {"sqlite": "detail", "postgresql": "QUERY PLAN"}[database.dialect]
    async with database.read() as transaction:
        if database.dialect == "postgresql":
            await transaction.execute(Statement(text("SET LOCAL enable_seqscan = off")))
        rows = await transaction.fetch(Explained(statement), values)
    return "\n".join(row[column] for row in rows)


def walks(found, index):
    """Tell whether recipients are found by an index; other tables may be too small for one."""
    return index in found and "SCAN recipient" not in found and "Scan on recipient" not in found


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        ({}, "ix_recipient_rank"),
        ({"state": State.HELD}, "ix_recipient_rank"),
        ({"domain": "r1.receiver.test"}, "ix_recipient_rank"),
        ({"provider": "qq"}, "ix_recipient_rank"),
        ({"account_id": 1}, "ix_recipient_flow"),
        ({"account_id": 1, "task_id": 3, "bounce_class": "content"}, "ix_recipient_flow"),
    ],
)
async def test_the_queue_is_looked_at_along_an_index(backlog, wanted, index):
    async def ask(database):
        await OverviewStore(database).look(Filter(**wanted), 20, 50)

    for found in await plans(backlog, ask):
        assert walks(found, index), found


async def test_groups_and_lengths_read_no_more_than_they_look_at(backlog):
    async def ask(database):
        store = OverviewStore(database)
        await store.length(most=50)
        await store.groups(int(time.time() * 1_000), looked=50)

    for found in await plans(backlog, ask):
        assert walks(found, "ix_recipient_rank"), found


async def test_logs_and_reviews_are_read_by_their_places(database):
    async def ask(watched):
        log = AccessStore(watched)
        for action in ("", "SendEmail"):
            wanted = CallFilter(account_id=1, action=action, behind=Mark(9, 9))
            await log.page(wanted)
        await TemplateStore(watched).queue(Waiting(behind=(9, 9)), 50)
        await TemplateStore(watched).queue(Waiting(newest_first=True), 50)

    watched = Watched(database)
    await ask(watched)
    found = [await forced(database, *asked) for asked in watched.asked]
    for each in found[:4]:
        assert by_index(each, "ix_api_access_account_id_at"), each
    for each in found[4:]:
        assert by_index(each, "ix_template_status_updated_at_id"), each
        assert "TEMP B-TREE" not in each, each
    values = {"of_id": 1, "of_call": 1, "before": 9, "most": 50, "looked": 100, "now": 1}
    for name in ("LOG", "FAILURES", "REPLAY_ONE", "WAITING_OF"):
        each = await forced(database, getattr(callbacks, name), values)
        assert "Seq Scan" not in each, each
        assert "SCAN callback" not in each, each
