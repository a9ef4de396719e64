"""Events become counts: each one once, whatever happens to the process that counts."""

import asyncio
import random
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from tests.store.test_queue import message, settled, take

from tayori.db.open import open_database
from tayori.events.feed_store import Horizon, advance
from tayori.events.model import MACHINE, Event, EventKind
from tayori.events.store import record
from tayori.queue.states import State
from tayori.queue.store import QueueStore
from tayori.runtime.clock import HOUR
from tayori.stats.model import Counts, Volume, Wanted
from tayori.stats.rollup import RollUp
from tayori.stats.store import READER, StatsStore

ZONE = ZoneInfo("Asia/Shanghai")
NOW = 1_790_000_000_000
TODAY = "2026-09-21"


class DiedError(Exception):
    """What ends a transaction in the middle."""


def rollup(database, at_once=7):
    return RollUp(store=StatsStore(database), horizon=Horizon(database), zone=ZONE, at_once=at_once)


async def report(database, **narrowed):
    fields = {"account_id": 1, "days": [f"2026-09-{day:02}" for day in range(1, 31)]} | narrowed
    return await StatsStore(database).report(Wanted(**fields))


def refused(name="x.test", number=1, account_id=1):
    return Event(
        at=NOW,
        account_id=account_id,
        kind=EventKind.REFUSED,
        data={"code": "c", "reason": "", "from_domain": "d.test", "to_domains": f"{name}={number}"},
    )


def reaction(leased, kind, at=NOW + 10):
    return Event(
        at=at,
        account_id=leased.account_id,
        kind=kind,
        message_id=leased.message_id,
        recipient_id=leased.id,
    )


async def write(database, *events):
    async with database.write() as transaction:
        await record(transaction, events)


async def test_what_a_machine_fetched_is_no_reader(database):
    await take(database, message("m", "a@x.test"))
    counting = rollup(database)
    (a,) = await QueueStore(database).lease("o", NOW, NOW + HOUR, 9)
    for machine in ("apple_mail_privacy", ""):
        for kind in (EventKind.OPEN, EventKind.CLICK):
            told = reaction(a, kind)
            await write(database, replace(told, data={MACHINE: machine} if machine else {}))
        await counting.run()
        found = (await report(database)).get(TODAY, Volume())
        assert (found.opened, found.clicked) == ((0, 0) if machine else (1, 1))


async def test_every_kind_of_event_is_counted(database):
    await take(
        database,
        message("m", "a@x.test", "b@x.test", "c@y.test", "d@y.test", dropped=("d@y.test",)),
        message("n", "a@x.test"),
    )
    queue, counting = QueueStore(database), rollup(database)
    leased = {(r.message_id, r.address): r for r in await queue.lease("o", NOW, NOW + HOUR, 9)}
    (m, n) = sorted({number for number, _ in leased})
    a, b, c, other = (
        leased[m, "a@x.test"],
        leased[m, "b@x.test"],
        leased[m, "c@y.test"],
        leased[n, "a@x.test"],
    )
    await queue.settle(
        "o",
        [
            settled(a, State.DELIVERED),
            settled(b, State.BOUNCED),
            settled(c, State.DEFERRED, NOW + 99),
            settled(other, State.DROPPED, outcome=None),
        ],
    )
    await counting.run()
    first = await report(database)
    assert first == {TODAY: Volume(requested=5, accepted=3, delivered=1, bounced=1, deferred=1)}
    kinds = (EventKind.OPEN, EventKind.OPEN, EventKind.CLICK, EventKind.SPAMREPORT)
    await write(database, *(reaction(a, kind) for kind in kinds), refused("y.test", 2))
    await counting.run()
    # What one did already is not counted again, though it is in another batch.
    kinds = (EventKind.OPEN, EventKind.CLICK, EventKind.CLICK, EventKind.UNSUBSCRIBE)
    await write(database, *(reaction(a, kind, NOW + 48 * HOUR) for kind in kinds))
    await counting.run()
    x = Volume(3, 2, 1, opened=3, clicked=1, bounced=1, unsubscribed=1, complained=1)
    assert await report(database, mailbox_type="x.test") == {TODAY: x}
    y = Volume(4, 1, deferred=1)
    assert await report(database, mailbox_type="y.test") == {TODAY: y}
    assert await report(database) == {TODAY: x.plus(y)}
    assert await report(database, domain="d.test") == {TODAY: Volume(requested=2)}
    of_both = {"domain": "example.org", "mailbox_type": "y.test"}
    assert await report(database, **of_both) == {TODAY: Volume(2, 1, deferred=1)}
    assert await report(database, account_id=2) == {}


async def test_a_day_begins_in_the_service_s_zone_and_is_that_of_the_request(database):
    midnight = 1_790_006_400_000  # 2026-09-22 00:00 in the zone
    before = message("late", "a@x.test", accepted_at=midnight - 1)
    await take(database, before, message("early", "b@x.test", accepted_at=midnight))
    leased = await QueueStore(database).lease("o", midnight, midnight + HOUR, 9)
    await QueueStore(database).settle("o", [settled(item, State.DELIVERED) for item in leased])
    await rollup(database).run()
    day = Volume(1, 1, 1)
    assert await report(database) == {"2026-09-21": day, "2026-09-22": day}
    assert await report(database, days=["2026-09-22"]) == {"2026-09-22": day}
    assert await report(database, days=["2026-09-21"]) == {"2026-09-21": day}


async def test_an_event_from_before_refusals_named_anybody_counts_one(database):
    old = Event(at=NOW, account_id=1, kind=EventKind.REFUSED, data={"code": "c", "reason": ""})
    await write(database, old)
    await rollup(database).run()
    assert await report(database) == {TODAY: Volume(requested=1)}


async def test_a_batch_that_somebody_else_counted_is_not_counted_again(database):
    await write(database, *(refused() for _ in range(5)))
    store, counting = StatsStore(database), rollup(database)
    batch = await store.next_batch(5, 3)
    assert batch is not None
    await counting.run()
    assert await store.add(batch, Counts(cells={}, keys={}, unsent={})) is False
    assert await counting.step(5) == 0
    assert (await report(database))[TODAY].requested == 5


async def test_counts_without_their_cursor_do_not_stay(database):
    await write(database, *(refused() for _ in range(5)))

    async def die_behind_the_counts():
        async with database.write() as transaction:
            assert await advance(transaction, READER, 0, 5)
            raise DiedError

    with pytest.raises(DiedError):
        await die_behind_the_counts()
    await rollup(database).run()
    assert (await report(database))[TODAY].requested == 5


async def test_several_processes_count_every_event_once(database, installed_url):
    other = open_database(installed_url, 4)
    counting = [rollup(opened) for opened in (database, other, database, other)]

    async def writes(opened, seed):
        sizes = random.Random(seed)
        for _ in range(20):
            async with opened.write() as transaction:
                for _ in range(sizes.randrange(4)):
                    await record(transaction, [refused()] * sizes.randrange(3))
                    await asyncio.sleep(0)

    async def counts(one):
        while not written.done():
            await one.run()

    written = asyncio.gather(*(writes(opened, n) for n, opened in enumerate((database, other) * 2)))
    await asyncio.gather(written, *(counts(one) for one in counting))
    newest = await Horizon(database).reach()
    for _ in range(30):
        await counting[0].run()
    expected = 0
    for seed in range(4):
        sizes = random.Random(seed)
        for _ in range(20):
            expected += sum(sizes.randrange(3) for _ in range(sizes.randrange(4)))
    assert newest >= expected > 0
    assert (await report(database))[TODAY].requested == expected
    await other.close()


@pytest.mark.parametrize("installed_url", ["postgresql"], indirect=True)
class TestNumbersThatBecomeVisibleOutOfOrder:
    """On PostgreSQL a transaction may commit a lower number after a higher one was seen."""

    async def test_a_late_commit_is_waited_for(self, database):
        counting = rollup(database)
        async with database.write() as slow:
            await record(slow, [refused("slow.test")])
            await write(database, refused("fast.test"))
            for _ in range(3):
                await counting.run()
                assert await report(database) == {}
        await counting.run()
        assert (await report(database, mailbox_type="slow.test"))[TODAY].requested == 1
        assert (await report(database))[TODAY].requested == 2

    async def test_a_number_that_is_never_used_holds_nobody_up(self, database):
        counting = rollup(database)
        with pytest.raises(DiedError):
            await self._undone(database, counting)
        await counting.run()
        assert (await report(database))[TODAY].requested == 1

    async def _undone(self, database, counting):
        async with database.write() as undone:
            await record(undone, [refused("undone.test")])
            await write(database, refused("fast.test"))
            await counting.run()
            raise DiedError

    async def test_writers_without_a_pause_do_not_hold_the_reader_up(self, database):
        """There is always one at work; what was drawn before the last one began is counted."""
        counting, first = rollup(database), database.write()
        await record(await first.__aenter__(), [refused("a.test")])
        await counting.run()
        async with database.write() as second:
            await record(second, [refused("b.test")])
            await first.__aexit__(None, None, None)
            await counting.run()
            assert (await report(database))[TODAY].requested == 1
            async with database.write() as third:
                await record(third, [refused("c.test")])
                await counting.run()
                assert (await report(database))[TODAY].requested == 1
        await counting.run()
        assert (await report(database))[TODAY].requested == 3
