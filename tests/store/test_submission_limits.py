"""Limits of SMTP submission that several processes keep together, on one database."""

import asyncio

import pytest
from sqlalchemy import func, select

from tayori.db.open import open_database
from tayori.db.statement import Statement
from tayori.db.tables.reputation import quota
from tayori.edge.submission.rate import Rate
from tayori.refusal.codes import Code
from tayori.reputation.backoff_store import BackoffStore
from tayori.reputation.model import Scope
from tayori.reputation.permits import Permits
from tayori.reputation.store import sweep
from tayori.runtime.clock import HOUR, MINUTE, SECOND, SettableClock

USER, CLIENT = (Scope.LOGIN_USER, "a@x.test"), (Scope.LOGIN_CLIENT, "192.0.2.1")
FREE = {Scope.LOGIN_USER: 3, Scope.LOGIN_CLIENT: 5}


@pytest.fixture
def clock():
    return SettableClock(1_790_000_000_000)


@pytest.fixture
async def stores(database, installed_url, clock):
    other = open_database(installed_url, 4)
    yield BackoffStore(database, clock, FREE), BackoffStore(other, clock, FREE)
    await other.close()


async def test_processes_count_failures_together_and_waits_double(stores, clock):
    first, second = stores
    assert [await store.attempt([USER, CLIENT]) for store in (first, second, first)] == [0, 0, 0]
    assert await second.attempt([USER, CLIENT]) == SECOND
    clock.advance(SECOND)
    assert await second.attempt([USER, CLIENT]) == 0
    assert await first.attempt([USER, CLIENT]) == 2 * SECOND
    # A wait charges nothing, so the client's own count stands at four.
    assert await first.attempt([CLIENT]) == 0
    assert await second.attempt([CLIENT]) == SECOND
    assert await second.attempt([(Scope.LOGIN_USER, "b@x.test")]) == 0


async def test_many_at_once_do_not_slip_through(stores):
    answers = await asyncio.gather(*(stores[n % 2].attempt([USER]) for n in range(12)))
    assert sorted(answers) == [0] * 3 + [SECOND] * 9


async def test_what_was_right_is_forgiven_and_the_client_gets_one_charge_back(stores, clock):
    first, second = stores
    for _ in range(3):
        assert await first.attempt([USER, CLIENT]) == 0
    await second.succeeded(forgiven=USER, refunded=CLIENT)
    assert [await second.attempt([USER, CLIENT]) for _ in range(4)] == [0, 0, 0, SECOND]
    assert await first.attempt([CLIENT]) == SECOND
    clock.advance(15 * MINUTE)
    assert await first.attempt([CLIENT]) == 0


async def test_failures_are_forgotten_after_an_hour(stores, database, clock):
    for _ in range(4):
        await stores[0].attempt([USER])
    clock.advance(HOUR)
    assert [await stores[1].attempt([USER]) for _ in range(4)] == [0, 0, 0, SECOND]
    clock.advance(HOUR)
    async with database.write() as transaction:
        await sweep(transaction, clock.now())
        row = await transaction.fetch_one(
            Statement(select(func.count().label("n")).select_from(quota))
        )
    assert row["n"] == 0


async def test_mails_a_second_are_counted_together(database, installed_url, clock):
    other = open_database(installed_url, 4)
    rates = [Rate(Permits(one, clock, Scope.REQUESTS_SECOND), 20) for one in (database, other)]
    for _ in range(2):
        answers = [await rates[n % 2].admit(1) for n in range(30)]
        assert sum(answer is None for answer in answers) == 20
        assert {answer.code for answer in answers if answer} == {Code.REQUEST_LIMIT_EXCEEDED}
        assert await rates[0].admit(2) is None
        clock.advance(SECOND)
    assert await Rate(Permits(other, clock, Scope.REQUESTS_SECOND), 0).admit(1) is None
    await other.close()
