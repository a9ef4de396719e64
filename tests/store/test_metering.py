"""Meters, prices and balances at the door, on both databases."""

import asyncio
from dataclasses import replace

import pytest
from tests.store.test_door import NOW, ZONE, OneAccount
from tests.unit.accept.test_checks import GOOD, many

from tayori.accept.door import Door
from tayori.accept.limits import Limits
from tayori.accept.metering import Meter
from tayori.accept.store import AcceptStore
from tayori.accept.submission import Accepted
from tayori.config.tree import Policy
from tayori.events.feed_store import Horizon
from tayori.queue.model import Settlement
from tayori.queue.states import State
from tayori.queue.store import QueueStore
from tayori.refusal.codes import Code
from tayori.runtime.clock import DAY, HOUR, SettableClock
from tayori.runtime.ids import Ids
from tayori.runtime.secrets import SecretBox
from tayori.stats.model import Wanted
from tayori.stats.rollup import RollUp
from tayori.stats.store import StatsStore
from tayori.suppress.model import Blocked
from tayori.suppress.store import block
from tayori.tenants.account_store import AccountStore
from tayori.tenants.accounts import Accounts
from tayori.tenants.billing.billing import BillingDesk
from tayori.tenants.billing.model import Prices, Tier, Usage
from tayori.tenants.billing.store import BillingStore

PRICED = Prices(currency="CNY", tiers=(Tier(0, 2_000),), free=10, prepaid=True)
BOX = SecretBox(bytes(range(32)))
UNLIMITED = {"account_per_day": 0, "level_per_day": (), "mailbox_per_hour": 0}
DAY_NAME = "2026-09-21"


@pytest.fixture(autouse=True)
async def account(database):
    accounts = Accounts(
        store=AccountStore(database, BOX), clock=SettableClock(NOW), ids=Ids(), policy=Policy()
    )
    made = await accounts.create("one")
    assert made.account.id == 1


def door(database, clock, prices, **policy):
    return Door(
        directory=OneAccount(),
        limits=Limits(Policy(**(UNLIMITED | policy)), ZONE),
        store=AcceptStore(database, clock, meter=Meter(prices, ZONE)),
        clock=clock,
        ids=Ids(),
        zone=ZONE,
        lifetime_ms=72 * HOUR,
    )


def desk(database, clock):
    return BillingDesk(store=BillingStore(database), clock=clock, zone=ZONE)


async def month(database, clock, name=""):
    return await desk(database, clock).statement(1, name)


async def counted(database):
    rollup = RollUp(store=StatsStore(database, prepaid=True), horizon=Horizon(database), zone=ZONE)
    for _ in range(3):
        await rollup.run()
    found = await StatsStore(database).report(Wanted(account_id=1, days=[DAY_NAME]))
    return found[DAY_NAME]


async def test_without_prices_mails_are_counted_by_the_day_and_cost_nothing(database):
    clock = SettableClock(NOW)
    opened = door(database, clock, Prices(currency="CNY", tiers=(), free=10, prepaid=False))
    assert isinstance(await opened.accept(replace(GOOD, to=many(7))), Accepted)
    await opened.accept(replace(GOOD, subject=""))
    clock.advance(DAY)
    assert isinstance(await opened.accept(GOOD), Accepted)
    statement = await month(database, clock)
    assert statement.days == [(DAY_NAME, Usage(7)), ("2026-09-22", Usage(1))]
    assert statement.total == Usage(8)
    assert (await month(database, clock, "2026-10")).total == Usage()


async def test_a_balance_pays_for_exactly_what_it_is_worth(database):
    clock = SettableClock(NOW)
    doors = [door(database, clock, PRICED) for _ in range(3)]
    # Ten are free, and 0.05 pays for 25 at 0.002.
    assert await desk(database, clock).add_credit(1, 50_000, "first") == 50_000
    answers = await asyncio.gather(*(doors[n % 3].accept(GOOD) for n in range(60)))
    refused = [answer for answer in answers if not isinstance(answer, Accepted)]
    assert {answer.code for answer in refused} == {Code.FAILED_OPERATION__INSUFFICIENT_BALANCE}
    assert len(answers) - len(refused) == 35
    statement = await month(database, clock)
    assert (statement.total, statement.balance) == (Usage(35, 10, 50_000), 0)
    assert [(one.amount, one.note) for one in statement.credits] == [(50_000, "first")]
    await desk(database, clock).add_credit(1, 2_000, "")
    assert isinstance(await doors[0].accept(GOOD), Accepted)


async def test_what_cannot_be_paid_takes_no_place_in_the_limits(database):
    clock = SettableClock(NOW)
    opened = door(database, clock, PRICED, account_per_day=12)
    assert isinstance(await opened.accept(replace(GOOD, to=many(10))), Accepted)
    poor = await opened.accept(replace(GOOD, to=many(2, 50)))
    assert poor.code is Code.FAILED_OPERATION__INSUFFICIENT_BALANCE
    assert poor.detail == "The mail costs 0.004, and the account has 0.00 CNY."
    await desk(database, clock).add_credit(1, 4_000, "")
    assert isinstance(await opened.accept(replace(GOOD, to=many(2, 50))), Accepted)
    # And what the limits refuse costs nothing.
    await desk(database, clock).add_credit(1, 4_000, "")
    full = await opened.accept(GOOD)
    assert full.code is Code.FAILED_OPERATION__EXCEED_SEND_LIMIT
    assert (await month(database, clock)).balance == 4_000


async def test_the_meter_the_statistics_and_what_was_sent_agree(database):
    clock = SettableClock(NOW)
    await desk(database, clock).add_credit(1, 100_000, "")
    blocked = Blocked(address="u3@x.test", account_id=9, at=NOW, expires_at=NOW + DAY, reason="no")
    async with database.write() as transaction:
        await block(transaction, [blocked])
    opened = door(database, clock, PRICED)
    assert isinstance(await opened.accept(replace(GOOD, to=many(20))), Accepted)
    # One of the twenty is blacklisted and dropped at the door: it never counts.
    statement = await month(database, clock)
    assert (statement.total, statement.balance) == (Usage(19, 10, 18_000), 82_000)
    queue = QueueStore(database)
    leased = await queue.lease("d", NOW, NOW + 60_000, 50)
    ends = [State.DROPPED] * 4 + [State.BOUNCED] * 5 + [State.DELIVERED] * 10
    batch = [
        Settlement(recipient=one, state=state, at=NOW, reply="said")
        for one, state in zip(leased, ends, strict=True)
    ]
    assert all(await queue.settle("d", batch))
    volume = await counted(database)
    assert (volume.requested, volume.accepted, volume.delivered, volume.bounced) == (20, 15, 10, 5)
    statement = await month(database, clock)
    # By hand: 4 of 19 go back: 10 * 4 // 19 = 2 free ones, 18,000 * 4 // 19 = 3,789.
    assert statement.total == Usage(15, 8, 14_211)
    assert statement.balance == 85_789
    assert statement.total.mails == volume.accepted == volume.delivered + volume.bounced
