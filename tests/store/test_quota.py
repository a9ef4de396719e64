import asyncio

from tayori.db.open import open_database
from tayori.reputation.model import Claim, Scope
from tayori.reputation.store import KEPT_MS, count, sweep

NOW = 1_000_000
END = NOW + 1000


def claim(key="1", amount=1, limit=10, *, scope=Scope.ACCOUNT_DAY, ends=END, shut=0):
    return Claim(
        scope=scope, key=key, amount=amount, limit=limit, window_ends_at=ends, shut_until=shut
    )


async def counted(database, *wishes, now=NOW):
    async with database.write() as transaction:
        return [answer is None for answer in await count(transaction, wishes, now)]


async def test_a_wish_counts_wholly_or_not_at_all(database):
    account = claim(amount=6)
    full = claim("example.org", 3, 2, scope=Scope.DOMAIN_DAY)
    assert await counted(database, [account, full]) == [False]
    assert await counted(database, [account], [account], [claim(amount=4)]) == [True, False, True]
    assert await counted(database, [claim()]) == [False]


async def test_the_same_counter_twice_in_one_wish_counts_twice(database):
    assert await counted(database, [claim(amount=6), claim(amount=6)]) == [False]
    assert await counted(database, [claim(amount=5), claim(amount=5)]) == [True]


async def test_no_limit_counts_nothing_and_equal_keys_of_two_scopes_are_apart(database):
    assert await counted(database, [claim(amount=10**9, limit=0)]) == [True]
    assert await counted(
        database, [claim(amount=10), claim(amount=10, scope=Scope.DOMAIN_DAY)]
    ) == [True]
    assert await counted(database, [claim(scope=Scope.DOMAIN_DAY)]) == [False]


async def test_a_new_window_starts_when_the_old_one_ended(database):
    assert await counted(database, [claim(amount=10)]) == [True]
    assert await counted(database, [claim()], now=END - 1) == [False]
    assert await counted(database, [claim(amount=10, ends=END + 1000)], now=END) == [True]
    assert await counted(database, [claim()], now=END) == [False]
    mailbox = claim("s>m", ends=END + 1000, scope=Scope.MAILBOX_HOUR)
    assert await counted(database, [mailbox]) == [True]
    async with database.write() as transaction:
        assert await sweep(transaction, END) == 0
        assert await sweep(transaction, END + 1000) == 1
        assert await sweep(transaction, END + KEPT_MS) == 1
        assert await sweep(transaction, END + KEPT_MS + 1000) == 1


async def test_a_clock_that_is_set_back_shortens_windows_and_finds_the_days_again(database):
    mailbox = claim("s>m", 1, 2, scope=Scope.MAILBOX_HOUR, ends=END + 500, shut=END + 500)
    assert await counted(database, [mailbox], [mailbox], now=END - 500) == [True, True]
    earlier = claim("s>m", 1, 3, scope=Scope.MAILBOX_HOUR, ends=END - 500, shut=END - 500)
    assert await counted(database, [earlier], now=END - 1500) == [True]
    assert await counted(database, [earlier], now=END - 501) == [False]
    assert await counted(database, [mailbox], now=END - 500) == [True]
    assert await counted(database, [claim(amount=10)]) == [True]
    assert await counted(database, [claim(amount=4, ends=END + 1000)], now=END) == [True]
    assert await counted(database, [claim()], now=END - 1) == [False]
    assert await counted(database, [claim(amount=7, ends=END + 1000)], now=END) == [False]


async def test_a_full_mailbox_window_stays_shut_for_its_hour(database):
    one = claim("s>m", 1, 2, scope=Scope.MAILBOX_HOUR, shut=END + 500)
    assert await counted(database, [one], [one], [one]) == [True, True, False]
    assert await counted(database, [one], now=END + 499) == [False]
    assert await counted(database, [one], now=END + 500) == [True]


async def test_many_processes_never_exceed_a_limit(database, installed_url):
    other = open_database(installed_url, 4)

    async def hammer(opened):
        answers = []
        for _ in range(15):
            answers += await counted(opened, [claim(limit=100)], [claim(amount=3, limit=100)])
        return answers

    everything = await asyncio.gather(*(hammer((database, other)[n % 2]) for n in range(6)))
    used = sum((1, 3)[n % 2] for answers in everything for n, yes in enumerate(answers) if yes)
    assert used == 100
    await other.close()
