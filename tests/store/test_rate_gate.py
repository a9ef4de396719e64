"""Requests per second through the whole API: two servers, one database, one exact limit."""

import asyncio
from collections import Counter

from tests.support.api_service import running

from tayori.db.open import open_database
from tayori.edge.api.rate import RateGate
from tayori.reputation.model import Scope
from tayori.reputation.permits import Permits
from tayori.runtime.clock import SettableClock

START = 1_790_000_000_000


def gate(database, clock, per_second=20):
    return RateGate(Permits(database, clock, Scope.REQUESTS_SECOND), per_second)


async def calls(service, times, action="DeleteEmailIdentity", **changes):
    answers = await asyncio.gather(*(service.call(action, **changes) for _ in range(times)))
    return Counter(answer.code for answer in answers)


async def test_two_servers_allow_exactly_the_limit(database, installed_url):
    clock = SettableClock(START)
    other = open_database(installed_url, 2)
    async with (
        running(clock=clock, rate=gate(database, clock)) as first,
        running(clock=clock, rate=gate(other, clock)) as second,
    ):
        for _ in range(2):
            here, there = await asyncio.gather(calls(first, 30), calls(second, 30))
            # Spare permits that one server still held are used by its later calls.
            total = here + there + await calls(first, 10) + await calls(second, 10)
            assert total == {"": 20, "RequestLimitExceeded": 60}
            assert await calls(first, 2, secret_id="here") == {"": 2}
            clock.advance(1000)
    await other.close()


async def test_only_admitted_calls_count_and_wrong_parameters_are_calls(database):
    clock = SettableClock(START)
    async with running(clock=clock, rate=gate(database, clock, 3)) as service:
        for secret_id in ("elsewhere", "stopped"):
            assert "RequestLimitExceeded" not in await calls(service, 5, secret_id=secret_id)
        assert await calls(service, 5, secret=b"x") == {"AuthFailure.SignatureFailure": 5}
        assert await calls(service, 2, "Echo") == {"MissingParameter": 2}
        assert await calls(service, 2, "Echo") == {"MissingParameter": 1, "RequestLimitExceeded": 1}
        refused = await service.call("Echo")
        assert "3" in refused.message
        assert await calls(service, 3) == {"": 3}


async def test_without_a_limit_the_database_is_left_alone():
    clock = SettableClock(START)
    async with running(clock=clock, rate=gate(None, clock, 0)) as service:
        assert await calls(service, 30) == {"": 30}
