"""Permits of a second, granted by several processes on one database."""

import asyncio

import pytest

from tayori.db.open import open_database
from tayori.reputation.model import Scope
from tayori.reputation.permits import Permits
from tayori.runtime.clock import SettableClock

START = 1_790_000_000_000


@pytest.fixture
def clock():
    return SettableClock(START)


class Counting:
    """A database that tells how many writing transactions it was asked for."""

    def __init__(self, database):
        self._database = database
        self.writes = 0

    def write(self):
        self.writes += 1
        return self._database.write()


def permits(database, clock):
    return Permits(database, clock, Scope.REQUESTS_SECOND)


async def take(granter, times, *, key="1/SendEmail", limit=20):
    return sum(await asyncio.gather(*(granter.take(key, limit) for _ in range(times))))


async def test_one_process_grants_exactly_the_limit_in_each_second(database, clock):
    one = permits(database, clock)
    assert [await one.take("1/SendEmail", 20) for _ in range(23)] == [True] * 20 + [False] * 3
    assert await take(one, 5) == 0
    clock.advance(999)
    assert await take(one, 5) == 0
    clock.advance(1)
    assert await take(one, 50) == 20


@pytest.mark.parametrize("limit", [1, 2, 7, 8, 9, 20, 100])
async def test_two_processes_together_grant_exactly_the_limit(
    database, installed_url, clock, limit
):
    other = open_database(installed_url, 4)
    first, second = permits(database, clock), permits(other, clock)
    for _ in range(3):
        granted = 0
        # Alternating small bursts: each process asks until both are refused.
        for _ in range(limit + 2):
            both = await asyncio.gather(
                *(take(granter, 2, limit=limit) for granter in (first, second))
            )
            granted += sum(both)
        assert granted == limit
        clock.advance(1000)
    await other.close()


async def test_a_process_that_starts_later_gets_what_is_left_and_no_more(
    database, installed_url, clock
):
    first = permits(database, clock)
    assert await take(first, 15) == 15
    other = open_database(installed_url, 4)
    second = permits(other, clock)
    late = await take(second, 30)
    assert 15 + late + await take(first, 30) == 20
    await other.close()


async def test_accounts_and_actions_are_counted_apart(database, clock):
    one = permits(database, clock)
    for key in ("1/SendEmail", "2/SendEmail", "1/GetSendEmailStatus"):
        assert await take(one, 30, key=key, limit=3) == 3


async def test_calls_at_the_same_time_share_a_transaction(database, clock):
    counting = Counting(database)
    one = permits(counting, clock)
    keys = [f"{number}/SendEmail" for number in range(50)]
    assert all(await asyncio.gather(*(one.take(key, 20) for key in keys)))
    assert counting.writes <= 2


async def test_few_calls_use_spare_permits_and_refused_ones_ask_nobody(database, clock):
    counting = Counting(database)
    one = permits(counting, clock)
    for _ in range(13):
        assert await one.take("1/SendEmail", 100)
    assert counting.writes == 1
    assert await take(one, 200, limit=100) == 87
    before = counting.writes
    assert await take(one, 50, limit=100) == 0
    assert counting.writes == before


async def test_no_limit_asks_nobody(clock):
    assert await permits(None, clock).take("1/SendEmail", 0)


async def test_what_is_remembered_stays_bounded(database, clock):
    one = Permits(database, clock, Scope.REQUESTS_SECOND, most=100)
    for _ in range(3):
        await asyncio.gather(*(one.take(f"{n}/{clock.now()}", 20) for n in range(150)))
        clock.advance(1000)
    assert len(one._leases) == 150
