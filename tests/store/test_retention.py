"""What is known of mails goes after its days, in small steps; the counts stay."""

from datetime import UTC

import pytest
from sqlalchemy import func, select
from tests.store.test_queue import NOW, amount, message, settled, take

from tayori.db.statement import Statement
from tayori.db.tables.events import event
from tayori.db.tables.queue import attempt, message_content, recipient
from tayori.db.tables.queue import message as message_table
from tayori.db.tables.stats import daily_volume
from tayori.events.feed_store import Horizon, advance, position
from tayori.events.model import Event, EventKind
from tayori.events.store import EventStore, record
from tayori.queue.retention import Retention
from tayori.queue.retention_store import RetentionStore
from tayori.queue.states import State
from tayori.queue.store import QueueStore
from tayori.runtime.clock import DAY, HOUR, SettableClock
from tayori.stats.rollup import RollUp
from tayori.stats.store import StatsStore

KEPT = 90
TABLES = (message_table, recipient, attempt, event)


@pytest.fixture
def clock():
    return SettableClock(NOW)


def retention(database, clock, at_once=500):
    return Retention(store=RetentionStore(database), clock=clock, days=KEPT, at_once=at_once)


async def delivered(database, clock, *names):
    """Take and deliver a mail to each address; return the numbers of the messages."""
    mails = [message(f"m-{name}", name, accepted_at=clock.now()) for name in names]
    await take(database, *mails)
    queue = QueueStore(database)
    leased = await queue.lease("p", clock.now(), clock.now() + HOUR, len(names))
    await queue.settle("p", [settled(one, State.DELIVERED) for one in leased])
    return [one.message_id for one in leased]


async def counted(database):
    rollup = RollUp(store=StatsStore(database), horizon=Horizon(database), zone=UTC)
    for _ in range(3):
        await rollup.run()
    async with database.read() as transaction:
        total = Statement(select(func.sum(daily_volume.c.delivered).label("n")))
        row = await transaction.fetch_one(total)
    return int(row["n"])


async def amounts(database):
    return [await amount(database, table) for table in TABLES]


async def test_after_its_days_a_mail_is_forgotten_and_its_counts_stay(database, clock):
    old = await delivered(database, clock, "a@x.test", "b@x.test", "c@x.test")
    count = await counted(database)
    clock.advance(KEPT * DAY)
    new = await delivered(database, clock, "d@x.test")
    before = await amounts(database)
    assert await retention(database, clock).run() == 0
    assert await amounts(database) == before
    clock.advance(1)
    assert await retention(database, clock).run() == 3
    assert await amounts(database) == [1, 1, 1, 2]
    events = EventStore(database)
    assert [await events.of_message(number) for number in old] == [[], [], []]
    assert [each.kind for each in await events.of_message(new[0])] == [
        EventKind.ACCEPTED,
        EventKind.DELIVERED,
    ]
    assert await counted(database) == count + len(new) * (count // len(old))


async def test_a_transaction_forgets_no_more_than_its_share(database, clock):
    await delivered(database, clock, *(f"u{n}@x.test" for n in range(7)))
    await counted(database)
    clock.advance(KEPT * DAY + 1)
    store = RetentionStore(database)
    seen = await store.forget_mails(clock.now() - KEPT * DAY, 0, 3)
    assert (seen.read, seen.forgotten, await amount(database, message_table)) == (3, 3, 4)
    assert await retention(database, clock, at_once=3).run() == 4
    assert await amounts(database) == [0, 0, 0, 0]


async def test_a_mail_that_has_not_ended_stays_with_its_content(database, clock):
    await delivered(database, clock, "a@x.test")
    await take(database, message("held", "h@x.test", "i@x.test", accepted_at=NOW))
    queue = QueueStore(database)
    (one,) = await queue.lease("p", NOW, NOW + HOUR, 1)
    await queue.settle("p", [settled(one, State.DELIVERED)])
    await counted(database)
    clock.advance(KEPT * DAY + 1)
    await retention(database, clock).run()
    assert await amount(database, message_table) == 1
    assert await amount(database, recipient) == 2
    assert await amount(database, message_content) == 1


async def test_what_a_reader_has_not_seen_waits_for_it(database, clock):
    await delivered(database, clock, "a@x.test")
    async with database.write() as transaction:
        refused = Event(at=NOW, account_id=1, kind=EventKind.REFUSED, data={"code": "X"})
        await record(transaction, [refused])
        await advance(transaction, "slow", 0, 1)
    clock.advance(KEPT * DAY + HOUR)
    await retention(database, clock).run()
    assert await amounts(database) == [0, 0, 0, 2]
    async with database.write() as transaction:
        was = await position(transaction, "slow")
        assert await advance(transaction, "slow", was, 3)
    assert await retention(database, clock).run() == 2
    assert await amount(database, event) == 0
