"""Accounts whose mail is found to be spam by what becomes of it are suspended in all functions."""

import pytest
from sqlalchemy import select
from tests.support.virtual_domain import DELIVERED, DOMAIN, REFUSED, ZONE, VirtualDomain

from tayori.config.tree import Policy
from tayori.db.statement import Statement
from tayori.db.tables.events import event
from tayori.db.tables.tenants import account
from tayori.events.model import EventKind
from tayori.refusal.codes import Code
from tayori.refusal.saying import recall
from tayori.runtime.clock import DAY, day_range
from tayori.runtime.ids import Ids
from tayori.runtime.secrets import SecretBox
from tayori.tenants.account_store import AccountStore
from tayori.tenants.accounts import Accounts

POLICY = Policy(level_per_day=(1_000,) * 20, account_per_day=0)
SPAM = (EventKind.BOUNCE, {"class": "content"})


def world(database, **reputation):
    given = {"least_sample": 30, "hour_share": 1.0, "stop_spam": 0.0} | reputation
    return VirtualDomain(database, policy=POLICY, **given).create()


async def suspension(domain):
    async with domain.database.read() as transaction:
        row = await transaction.fetch_one(Statement(select(account)))
    return str(recall(row["suspended_reason"])) if row["suspended_at"] is not None else None


async def resume(domain):
    store = AccountStore(domain.database, SecretBox(b"k" * 32))
    await Accounts(store=store, clock=domain.clock, ids=Ids(), policy=POLICY).resume(1)


async def kinds(domain):
    return [kind for _, kind, _, _ in await domain.changes()]


async def test_complaints_suspend_the_account(database):
    domain = await world(database)
    await domain.send(100)
    # Two of a hundred are the limit itself.
    await domain.react(range(1, 3), EventKind.SPAMREPORT)
    assert await suspension(domain) is None
    await domain.react(range(3, 4), EventKind.SPAMREPORT)
    assert (await suspension(domain)).startswith(f"{DOMAIN}: 3.0% complaints (limit 2.0%)")
    room = await domain.pace.room(1, DOMAIN, 9)
    assert room.refusal.code is Code.AUTH_FAILURE__UNAUTHORIZED_OPERATION
    assert "3.0% complaints" in room.refusal.detail
    # The level is another matter: the fall of the next day is decided on as ever.
    assert await kinds(domain) == ["lowered", "suspended"]
    (change, *_) = await domain.store.changes(1, 9)
    assert (change.by, change.figures["complained"], change.figures["delivered"]) == (
        "complained",
        3,
        100,
    )
    async with database.read() as transaction:
        told = await transaction.fetch(
            Statement(select(event.c.data).where(event.c.kind == "standing_changed"))
        )
    assert any('"change":"suspended"' in row["data"] for row in told)


async def test_what_was_lifted_does_not_come_back_for_the_same_day(database):
    domain = await world(database)
    await domain.send(100)
    await domain.react(range(1, 4), EventKind.SPAMREPORT)
    domain.clock.advance(1_000)
    await resume(domain)
    await domain.react(range(4, 6), EventKind.SPAMREPORT)
    assert await suspension(domain) is None
    assert (await domain.pace.room(1, DOMAIN, 9)).refusal is None
    domain.clock.advance(DAY)
    await domain.send(100)
    await domain.react(range(101, 104), EventKind.SPAMREPORT)
    assert await suspension(domain) is not None
    assert (await kinds(domain)).count("suspended") == 2


async def test_a_mail_of_which_receivers_refuse_a_third_as_spam_suspends(database):
    domain = await world(database, stop_rejected=0.0, stop_spam=1.0)
    await domain.send(100, lambda number: SPAM if number <= 30 else DELIVERED)
    assert await suspension(domain) is None
    await domain.send(2, lambda _: SPAM)
    assert "refused as spam" in await suspension(domain)


async def test_five_stopped_days_of_a_month_suspend_and_four_do_not(database):
    domain = await world(database, stop_spam=1.0)
    for day in range(5):
        assert await suspension(domain) is None, day
        await domain.send(50, lambda number: REFUSED if number % 10 == 0 else DELIVERED)
        domain.clock.advance(DAY)
    assert "stopped on 5 days within 30" in await suspension(domain)
    await resume(domain)
    await domain.send(50, lambda number: REFUSED if number % 10 == 0 else DELIVERED)
    assert await suspension(domain) is None


async def test_stops_of_long_ago_do_not_count(database):
    domain = await world(database, stop_spam=1.0)
    for _ in range(4):
        await domain.send(50, lambda number: REFUSED if number % 10 == 0 else DELIVERED)
        domain.clock.advance(8 * DAY)
    await domain.send(50, lambda number: REFUSED if number % 10 == 0 else DELIVERED)
    assert (await kinds(domain)).count("stopped") == 5
    assert await suspension(domain) is None


@pytest.mark.parametrize("sent", [30, 100])
async def test_few_mails_and_switched_off_rules_suspend_nobody(database, sent):
    off = {"suspend_complaint": 0.0, "suspend_spam": 0.0, "suspend_stops": 0}
    domain = await world(database, **(off if sent > 30 else {}))
    await domain.send(sent, lambda number: SPAM if number % 2 else DELIVERED)
    await domain.react(range(2, 20, 2), EventKind.SPAMREPORT)
    assert await suspension(domain) is None
    assert day_range(domain.today, ZONE)[0] == domain.clock.now()
