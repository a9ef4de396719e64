"""The caps of sources that warm up, counted by several processes on one database."""

import asyncio
from zoneinfo import ZoneInfo

import pytest

from tayori.config.rules import RuleFile
from tayori.db.open import open_database
from tayori.reputation.warmup import WARMUP_RULES, read_table
from tayori.reputation.warmup_store import WarmupStore, Wish
from tayori.runtime.clock import DAY, HOUR, SettableClock, day_of, day_range

ZONE = ZoneInfo("Asia/Shanghai")
MIDNIGHT = day_range(day_of(1_790_000_000_000, ZONE), ZONE)[0]
TABLE = read_table(RuleFile(WARMUP_RULES))
CURVE = TABLE.default


@pytest.fixture
def clock():
    return SettableClock(MIDNIGHT)


@pytest.fixture
def store(database, clock):
    return WarmupStore(database, clock, TABLE, ZONE)


def wish(amount, source="a", provider="", refused=0):
    return Wish(source=source, provider=provider, amount=amount, refused=refused)


async def take(store, amount, **more):
    return (await store.take(wish(amount, **more))).amount


async def test_an_hour_and_a_day_grant_their_caps_and_no_more(store, clock):
    given = []
    for _ in range(24):
        granted = await store.take(wish(1_000))
        given.append(granted.amount)
        assert await take(store, 1) == 0
        full = sum(given) == CURVE.day_cap(1)
        assert granted.again_at == (MIDNIGHT + DAY if full else clock.now() + HOUR)
        clock.advance(HOUR)
    assert given[:6] == [30] * 6
    assert sum(given) == 200


async def test_sources_and_providers_are_counted_apart(store):
    assert await take(store, 99, source="a") == 30
    assert await take(store, 99, source="b") == 30
    assert await take(store, 99, source="a", provider="qq") == TABLE.curve("qq").hour_cap(1)


async def test_the_whole_table_by_moving_the_clock(store, clock):
    days = []
    for _ in range(CURVE.steps + 1):
        total = 0
        for _ in range(24):
            granted = await store.take(wish(10**9))
            total += granted.amount if not granted.warm_until else 0
            clock.advance(HOUR)
        days.append(total)
    assert days[:-1] == [CURVE.day_cap(step) for step in range(1, CURVE.steps + 1)]
    assert days[-1] == 0
    assert (await store.take(wish(10**9))).amount == 10**9


async def test_quiet_days_and_refusals_hold_the_step_and_a_month_of_silence_ends_it(store, clock):
    async def step():
        return (await store.all())["a", ""].step

    await take(store, 30)
    clock.advance(DAY)
    assert await step() == 1
    for hour in range(5):
        await take(store, 30, refused=30 if hour == 4 else 0)
        clock.advance(HOUR)
    clock.advance(DAY - 5 * HOUR)
    assert await step() == 1
    for _ in range(5):
        await take(store, 30)
        clock.advance(HOUR)
    clock.advance(DAY - 5 * HOUR)
    assert await step() == 2
    clock.advance(27 * DAY)
    assert await step() == 2
    clock.advance(3 * DAY)
    assert await step() == 1


async def test_processes_together_grant_exactly_the_cap(database, installed_url, clock):
    other = open_database(installed_url, 2)
    try:
        stores = [WarmupStore(one, clock, TABLE, ZONE) for one in (database, other)]
        for _ in range(3):
            taken = await asyncio.gather(
                *(take(stores[n % 2], 1 + n % 3) for n in range(60)),
            )
            assert sum(taken) == CURVE.hour_cap(1)
            clock.advance(HOUR)
    finally:
        await other.close()
