"""How many bulk mails may go now: by the day, the hour, the account, and what stops a domain."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, update
from tests.support.virtual_domain import store_domain
from tests.unit.accept.test_checks import GOOD, IDENTITY, SENDER, TEMPLATE, box

from tayori.accept.door import Door
from tayori.accept.limits import Limits
from tayori.accept.store import AcceptStore
from tayori.accept.submission import Accepted, Source
from tayori.config.tree import Policy
from tayori.db.statement import Statement
from tayori.db.tables.tenants import account, account_limit, identity
from tayori.refusal.codes import Code
from tayori.reputation.pace import Pace
from tayori.reputation.room import Bound, Room
from tayori.reputation.standing import Quotas
from tayori.runtime.clock import DAY, HOUR, SettableClock, day_of, day_range
from tayori.runtime.ids import Ids

ZONE = ZoneInfo("Asia/Shanghai")
MIDNIGHT = day_range(day_of(1_790_000_000_000, ZONE), ZONE)[0]
POLICY = Policy(level_per_day=(100, 200, 400), account_per_day=250, mailbox_per_hour=0)
DOMAIN = IDENTITY.domain


class OneAccount:
    async def sender(self, account_id, address):
        return SENDER

    async def identity(self, account_id, domain):
        return IDENTITY

    async def template(self, account_id, template_id):
        return TEMPLATE


@pytest.fixture
def clock():
    return SettableClock(MIDNIGHT)


@pytest.fixture
async def stored(database):
    await store_domain(database, DOMAIN, MIDNIGHT)
    return database


@pytest.fixture
def pace(stored, clock):
    return Pace(stored, clock, Quotas(POLICY, ZONE, hour_share=0.15))


@pytest.fixture
def door(stored, clock):
    return Door(
        directory=OneAccount(),
        limits=Limits(POLICY, ZONE, hour_share=0.15),
        store=AcceptStore(stored, clock),
        clock=clock,
        ids=Ids(),
        zone=ZONE,
        lifetime_ms=72 * HOUR,
    )


async def change(database, table, **values):
    async with database.write() as transaction:
        await transaction.execute(Statement(update(table).values(values)))


async def send(door, amount, source=Source.BULK, start=0):
    """Return how many of so many mails were taken, and the code of the first refusal."""
    taken, code = 0, ""
    for number in range(amount):
        mail = replace(GOOD, to=(box(f"u{start + number}@x.test"),), source=source)
        answer = await door.accept(mail)
        taken += isinstance(answer, Accepted)
        code = code or getattr(answer, "code", "")
    return taken, code


async def test_an_hour_gives_its_share_of_the_day_and_the_day_its_quota(pace, door, clock):
    hours = []
    for hour in range(8):
        room = await pace.room(1, DOMAIN, 60)
        hours.append(room.amount)
        assert room.again_at == MIDNIGHT + (DAY if hour >= 6 else (hour + 1) * HOUR)
        taken, code = await send(door, room.amount + 1)
        assert (taken, code) == (room.amount, Code.FAILED_OPERATION__EXCEED_SEND_LIMIT)
        clock.advance(HOUR)
    assert hours == [15] * 6 + [10, 0]
    clock.advance(16 * HOUR)
    room = await pace.room(1, DOMAIN, 12)
    assert replace(room, caps=None) == Room(amount=12)


async def test_a_single_mail_is_not_slowed_by_the_hour_and_counts_for_the_day(pace, door):
    assert await send(door, 95, Source.API) == (95, "")
    room = await pace.room(1, DOMAIN, 60)
    assert (room.amount, room.bound, room.again_at) == (5, Bound.DOMAIN_DAY, MIDNIGHT + DAY)
    assert (await pace.room(1, "other.test", 60)).bound is Bound.DOMAIN_HOUR


async def test_the_level_that_holds_counts_from_its_instant_on(pace, door, stored, clock):
    await change(stored, identity, level=2, next_level=1, next_level_at=MIDNIGHT + DAY)
    assert (await pace.room(1, DOMAIN, 99)).amount == 30
    clock.advance(DAY - 1)
    assert (await pace.room(1, DOMAIN, 99)).amount == 30
    clock.advance(1)
    assert (await pace.room(1, DOMAIN, 99)).amount == 15
    assert await send(door, 16) == (15, Code.FAILED_OPERATION__EXCEED_SEND_LIMIT)


async def test_limits_of_the_account_and_of_its_domains_can_be_set(pace, door, stored):
    for name, value in (("account_per_day", 20), ("domain_per_day", 1_000)):
        limit = insert(account_limit).values(account_id=1, name=name, value=value)
        async with stored.write() as transaction:
            await transaction.execute(Statement(limit))
    room = await pace.room(1, DOMAIN, 999)
    assert (room.amount, room.bound) == (20, Bound.ACCOUNT_DAY)
    assert await send(door, 21, Source.API) == (20, Code.FAILED_OPERATION__EXCEED_SEND_LIMIT)
    await change(stored, account_limit, value=0)
    assert (await pace.room(1, DOMAIN, 10**6)).amount == 10**6


async def test_what_stops_a_domain_is_a_refusal_for_tasks_and_for_the_very_next_mail(
    pace, door, stored, clock
):
    high = Code.FAILED_OPERATION__HIGH_REJECTION_RATE
    await change(stored, identity, blocked_until=MIDNIGHT + DAY, blocked_reason="8% were rejected.")
    room = await pace.room(1, DOMAIN, 10)
    assert (room.amount, room.refusal.code) == (0, high)
    assert "8% were rejected." in room.refusal.detail
    assert await send(door, 1, Source.API) == (0, high)
    clock.advance(DAY)
    assert await send(door, 1, Source.API) == (1, "")
    await change(stored, identity, level=0)
    assert (await pace.room(1, DOMAIN, 10)).refusal.code == high
    assert await send(door, 1) == (0, high)
    await change(stored, account, suspended_at=1, suspended_reason="Spam.")
    assert "Spam." in (await pace.room(1, DOMAIN, 10)).refusal.detail
    assert await send(door, 1) == (0, Code.AUTH_FAILURE__UNAUTHORIZED_OPERATION)


async def test_a_day_keeps_its_counts_when_the_clock_steps_back_and_forward(pace, door, clock):
    clock.advance(DAY - 1_000)
    assert await send(door, 101, Source.API) == (100, Code.FAILED_OPERATION__EXCEED_SEND_LIMIT)
    clock.advance(2_000)
    assert await send(door, 40, Source.API) == (40, "")
    clock.advance(-2_000)
    assert await send(door, 1, Source.API) == (0, Code.FAILED_OPERATION__EXCEED_SEND_LIMIT)
    clock.advance(2_000)
    assert await send(door, 61, Source.API) == (60, Code.FAILED_OPERATION__EXCEED_SEND_LIMIT)
