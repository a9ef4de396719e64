"""How a domain rises, falls, is stopped and let go, by the events of its mails."""

import pytest
from tests.support.virtual_domain import (
    DELIVERED,
    DOMAIN,
    INVALID,
    REFUSED,
    ZONE,
    VirtualDomain,
)

from tayori.config.tree import Policy
from tayori.db.open import open_database
from tayori.events.feed_store import Horizon
from tayori.events.model import EventKind
from tayori.refusal.codes import Code
from tayori.reputation.figure_store import FigureStore
from tayori.reputation.figures import Figures
from tayori.reputation.levels import Levels
from tayori.reputation.room import Bound
from tayori.runtime.clock import DAY, HOUR, day_range

SMALL = Policy(level_per_day=(100, 200, 400, 800), account_per_day=0)


@pytest.fixture
async def domain(database):
    return await VirtualDomain(database, policy=SMALL, least_sample=30, hour_share=1.0).create()


def every(nth, outcome):
    """Return outcomes of which each nth is this one and all others are delivered."""
    return lambda number: outcome if number % nth == 0 else DELIVERED


async def today(domain):
    rows = await domain.store.days(1, domain.clock.now(), 1)
    return {row.provider: row.figures for row in rows}


async def test_a_rise_comes_at_once_and_the_second_one_tomorrow(domain):
    await domain.send(69)
    assert await domain.level() == 1
    await domain.send(1)
    assert await domain.level() == 2
    assert (await domain.pace.room(1, DOMAIN, 999)).amount == 130
    await domain.send(130)
    assert await domain.level() == 2
    domain.clock.advance(DAY)
    await domain.send(140)
    assert await domain.changes() == [
        ("2026-12-01", "raised", 1, 2),
        ("2026-12-02", "raised", 2, 3),
    ]


async def test_figures_are_kept_by_provider_with_the_decision(domain):
    await domain.send(40, every(10, INVALID))
    figures = await today(domain)
    assert figures["*"] == Figures(mails=40, sent=40, delivered=36, invalid=4, rejected=4)
    assert (figures["qq"].sent, figures["gmail"].sent, figures["gmail"].rejected) == (20, 20, 4)
    changes = await domain.store.changes(1, 9)
    assert [change.kind for change in changes] == ["lowered", "stopped"]
    assert changes[1].figures["rejected"] == 4
    assert "10.0%" in str(changes[1].reason)


async def test_eight_percent_stop_the_domain_for_the_day(domain):
    await domain.send(50, every(13, REFUSED))
    assert (await domain.pace.room(1, DOMAIN, 9)).amount == 9
    await domain.send(10, every(5, REFUSED))
    room = await domain.pace.room(1, DOMAIN, 9)
    assert room.refusal.code is Code.FAILED_OPERATION__HIGH_REJECTION_RATE
    assert "refused" in room.refusal.detail
    domain.clock.advance(DAY)
    assert (await domain.pace.room(1, DOMAIN, 9)).refusal is None


async def test_what_falls_today_holds_from_midnight_on_or_is_called_off(database):
    free = {"least_sample": 30, "hour_share": 1.0, "stop_rejected": 0, "warn_bounce": 0}
    domain = await VirtualDomain(database, policy=SMALL, **free).create(level=3)
    await domain.send(60)
    await domain.react(range(1, 2), EventKind.SPAMREPORT)
    assert await domain.level() == 3
    assert (await domain.store.find(DOMAIN)).standing.next_level == 2
    await domain.send(140)
    assert (await domain.store.find(DOMAIN)).standing.next_level is None
    await domain.react(range(2, 4), EventKind.SPAMREPORT)
    domain.clock.advance(DAY - 1)
    assert await domain.level() == 3
    domain.clock.advance(1)
    assert await domain.level() == 2
    assert (await domain.pace.room(1, DOMAIN, 999)).amount == 200
    assert [change[1:] for change in await domain.changes()] == [
        ("lowered", 3, 2),
        ("spared", 3, 3),
        ("lowered", 3, 2),
    ]


async def test_complaints_that_come_late_cost_the_next_day_once(domain):
    await domain.store.set_level(DOMAIN, 3, "Moved here.", domain.clock.now())
    await domain.send(100)
    domain.clock.advance(2 * DAY)
    await domain.levels.run()
    await domain.react(range(1, 3), EventKind.SPAMREPORT)
    await domain.react(range(3, 5), EventKind.SPAMREPORT)
    assert await domain.level() == 3
    domain.clock.advance(DAY)
    assert await domain.level() == 2
    domain.clock.advance(3 * DAY)
    await domain.react(range(5, 60), EventKind.SPAMREPORT)
    assert (await domain.store.find(DOMAIN)).standing.next_level == 2


async def test_a_day_that_ends_badly_costs_the_level_of_the_next(domain):
    await domain.store.set_level(DOMAIN, 2, "Test.", domain.clock.now())
    waiting = (EventKind.DEFERRED, {"class": "mailbox_full"})
    await domain.send(100, every(2, waiting))
    assert await domain.level() == 2
    domain.clock.advance(DAY)
    await domain.levels.run()
    assert await domain.level() == 1
    await domain.levels.run()
    assert [change[1:] for change in await domain.changes()][1:] == [("lowered", 2, 1)]


async def test_level_0_forbids_and_three_unblocks_let_go(domain):
    for turn in range(3):
        await domain.send(40, every(5, INVALID))
        domain.clock.advance(DAY)
        await domain.levels.run()
        assert await domain.level() == 0
        room = await domain.pace.room(1, DOMAIN, 9)
        assert room.refusal.code is Code.FAILED_OPERATION__HIGH_REJECTION_RATE
        assert await domain.store.unblocks(1) == turn
        await domain.store.unblock(DOMAIN, "List cleaned.", domain.clock.now(), 3)
        assert await domain.level() == 1
    await domain.send(40, every(5, INVALID))
    refused = await domain.store.unblock(DOMAIN, "Again.", domain.clock.now(), 3)
    assert str(refused) == "The account has used up its 3 unblock requests."
    await domain.store.set_level(DOMAIN, 1, "The last time.", domain.clock.now())
    assert (await domain.pace.room(1, DOMAIN, 9)).amount == 9
    assert "not stopped" in str(await domain.store.unblock(DOMAIN, "", domain.clock.now(), 9))


async def test_who_was_let_go_is_judged_by_what_comes_then(domain):
    await domain.send(40, every(5, INVALID))
    await domain.store.unblock(DOMAIN, "A mistake.", domain.clock.now(), 3)
    await domain.send(30)
    assert (await domain.pace.room(1, DOMAIN, 9)).amount == 9
    await domain.send(5, lambda _: INVALID)
    assert (await domain.pace.room(1, DOMAIN, 9)).refusal is not None


async def test_a_month_of_silence_begins_again_and_a_monthly_letter_does_not(domain):
    await domain.store.set_level(DOMAIN, 3, "Moved here.", domain.clock.now())
    await domain.send(50)
    domain.clock.advance(31 * DAY)
    await domain.levels.sweep()
    assert await domain.level() == 3
    await domain.send(1)
    domain.clock.advance(32 * DAY)
    await domain.levels.sweep()
    assert await domain.level() == 1
    assert (await domain.changes())[-1][1:] == ("idle", 3, 1)


async def test_two_readers_count_each_event_once(domain, installed_url):
    other = open_database(installed_url, 2)
    readers = [
        Levels(
            figures=FigureStore(one, domain.bench),
            levels=domain.store,
            horizon=Horizon(one),
            clock=domain.clock,
            idle_days=30,
            at_once=7,
        )
        for one in (domain.database, other)
    ]
    domain.levels = readers[0]
    await domain.send(60, every(20, INVALID))
    for number in range(20):
        await readers[number % 2].run()
    assert (await today(domain))["*"].sent == 60
    figures, until = FigureStore(other, domain.bench), 10**9
    await domain.react(range(1, 4), EventKind.OPEN)
    domain.clock.advance(1)
    assert await figures.next_batch(until, 5) is None
    await other.close()


async def test_a_batch_that_somebody_else_counted_is_not_counted_again(domain):
    figures = FigureStore(domain.database, domain.bench)

    class Nothing:
        async def run(self):
            pass

    reading, domain.levels = domain.levels, Nothing()
    await domain.send(10)
    batch = await figures.next_batch(10**9, 100)
    assert await figures.add(batch, domain.clock.now())
    assert not await figures.add(batch, domain.clock.now())
    await reading.run()
    assert (await today(domain))["*"].sent == 10


async def test_recipients_are_forgotten_when_nothing_depends_on_them(domain):
    await domain.send(20)
    domain.clock.advance(5 * DAY)
    await domain.levels.sweep()
    figures = FigureStore(domain.database, domain.bench)
    assert not await figures.forget(domain.clock.now())
    assert (await domain.store.days(1, domain.clock.now(), 9))[0].figures.sent == 20
    domain.clock.advance(100 * DAY)
    await domain.levels.sweep()
    assert await domain.store.days(1, domain.clock.now(), 200) == []


async def test_a_pace_names_the_limit_that_holds_longest(database):
    domain = await VirtualDomain(database, policy=SMALL, hour_share=0.5).create(level=4)
    await domain.send(400)
    room = await domain.pace.room(1, DOMAIN, 9)
    assert (room.bound, room.again_at) == (Bound.DOMAIN_HOUR, domain.clock.now() + HOUR)
    domain.clock.advance(HOUR)
    await domain.send(400)
    room = await domain.pace.room(1, DOMAIN, 9)
    assert room.amount == 0
    assert (room.bound, room.again_at) == (Bound.DOMAIN_DAY, day_range("2026-12-01", ZONE)[1])


async def test_a_provider_that_defers_gets_fewer_in_the_next_hours_and_nobody_else_does(database):
    domain = await VirtualDomain(database, policy=SMALL, hour_share=0.5).create(level=4)
    slow = (EventKind.DEFERRED, {"class": "rate_limited"})
    await domain.send(400, lambda number: slow if number % 2 else DELIVERED)
    domain.clock.advance(HOUR)
    # Half of the mails went to a provider that deferred all of them: a quarter of that half stays.
    room = await domain.pace.room(1, DOMAIN, 999)
    assert (room.amount, room.caps.cap("qq"), room.caps.cap("gmail")) == (400, 50, 400)
    domain.clock.advance(DAY)
    room = await domain.pace.room(1, DOMAIN, 999)
    assert (room.amount, room.caps.cap("qq"), room.caps.cap("gmail")) == (400, 400, 400)
