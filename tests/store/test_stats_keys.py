"""Counts by sender, template, task and provider, worked out by hand."""

from dataclasses import replace

import pytest
from tests.store.test_queue import message, settled, take
from tests.store.test_stats import NOW, TODAY, reaction, refused, rollup, write

from tayori.events.model import EventKind
from tayori.queue.states import State
from tayori.queue.store import QueueStore
from tayori.runtime.clock import DAY, HOUR
from tayori.stats.model import KeysWanted, Kind, Volume
from tayori.stats.store import StatsStore

TOMORROW = "2026-09-22"


async def by_key(database, kind, days=(TODAY,), account_id=1, key=None):
    wanted = KeysWanted(account_id=account_id, kind=kind, days=days, key=key)
    return await StatsStore(database).by_key(wanted)


@pytest.fixture
async def counted(database):
    """Two mails of task 7 on two days, one of no task, and one refused."""
    await take(
        database,
        replace(message("m1", "a@x.test", "b@y.test"), template_id=3, task_id=7),
        replace(message("m2", "c@x.test", accepted_at=NOW + DAY), template_id=4, task_id=7),
        replace(message("m3", "d@z.test"), from_address="Other@example.org"),
    )
    queue = QueueStore(database)
    leased = {one.address: one for one in await queue.lease("o", NOW + DAY, NOW + 9 * DAY, 9)}
    await queue.settle(
        "o",
        [
            replace(settled(leased["a@x.test"], State.DELIVERED), provider="qq"),
            replace(settled(leased["b@y.test"], State.DEFERRED, NOW + HOUR), provider="qq"),
            replace(settled(leased["c@x.test"], State.BOUNCED), provider="gmail"),
            settled(leased["d@z.test"], State.DELIVERED),
        ],
    )
    no = refused("q.test", 2)
    more = {"from_address": "Other@example.org", "template": 3, "task": 7}
    no = replace(no, data={**no.data, **more})
    await write(database, reaction(leased["a@x.test"], EventKind.CLICK), no)
    await rollup(database, 100).run()


async def test_what_happened_is_counted_by_every_key(database, counted):
    first = Volume(2, 2, 1, clicked=1, deferred=1)
    second, no = Volume(1, 1, bounced=1), Volume(requested=2)
    other = Volume(1, 1, 1)
    assert await by_key(database, Kind.TASK) == {"7": first.plus(no)}
    assert await by_key(database, Kind.TASK, [TOMORROW]) == {"7": second}
    assert await by_key(database, Kind.TASK, ["*"]) == {"7": first.plus(second).plus(no)}
    assert await by_key(database, Kind.TEMPLATE, (TODAY, TOMORROW)) == {
        "3": first.plus(no),
        "4": second,
    }
    assert await by_key(database, Kind.SENDER, (TODAY, TOMORROW)) == {
        "news@example.org": first.plus(second),
        "other@example.org": other.plus(no),
    }
    assert await by_key(database, Kind.DOMAIN, (TODAY, TOMORROW)) == {
        "d.test": no,
        "example.org": first.plus(second).plus(other),
    }
    assert await by_key(database, Kind.PROVIDER, (TODAY, TOMORROW)) == {
        "": Volume(delivered=1),
        "gmail": Volume(bounced=1),
        "qq": Volume(delivered=1, clicked=1, deferred=1),
    }
    assert await by_key(database, Kind.TASK, account_id=2) == {}
    assert await by_key(database, Kind.TEMPLATE, (TODAY, TOMORROW), key="4") == {"4": second}
    wanted = KeysWanted(account_id=1, kind=Kind.TASK, days=(TODAY, TOMORROW, "2026-09-23"), key="7")
    days = await StatsStore(database).by_day(wanted)
    assert days == {TODAY: first.plus(no), TOMORROW: second}
