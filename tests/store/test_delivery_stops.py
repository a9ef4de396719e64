"""Mail that waits when its account is suspended or its domain stopped."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import update
from tests.store.test_door import NOW
from tests.store.test_pace import DOMAIN, OneAccount
from tests.support.deliverers import Deliverers, name_server
from tests.support.sink import Sink
from tests.support.virtual_domain import ZONE, store_domain
from tests.unit.accept.test_checks import GOOD, many

from tayori.accept.door import Door
from tayori.accept.limits import Limits
from tayori.accept.store import AcceptStore
from tayori.accept.submission import Accepted, Source
from tayori.config.tree import Policy
from tayori.db.statement import Statement
from tayori.db.tables.tenants import account, identity
from tayori.delivery.stops import LOOK_AGAIN_MS
from tayori.queue.operator_store import Filter, OperatorStore
from tayori.queue.states import State
from tayori.runtime.clock import DAY, HOUR, SECOND, SettableClock, day_of, day_range
from tayori.runtime.ids import Ids

REASON = "8% were refused."


@pytest.fixture
def clock():
    return SettableClock(NOW)


@pytest.fixture
async def dns():
    async with name_server() as server:
        yield server


@pytest.fixture
async def sink():
    async with Sink() as running:
        yield running


@pytest.fixture
async def delivery(database, clock, dns, tmp_path):
    await store_domain(database, DOMAIN, NOW)
    return Deliverers(database, clock, dns, tmp_path / "run")


async def take(delivery, clock, source, start):
    policy = Policy(level_per_day=(), account_per_day=0, mailbox_per_hour=0)
    opened = Door(
        directory=OneAccount(),
        limits=Limits(policy, ZONE),
        store=AcceptStore(delivery.database, clock),
        clock=clock,
        ids=Ids(),
        zone=ZONE,
        lifetime_ms=72 * HOUR,
    )
    answer = await opened.accept(replace(GOOD, to=many(3, start), source=source))
    assert isinstance(answer, Accepted)


async def change(delivery, table, **values):
    async with delivery.database.write() as transaction:
        await transaction.execute(Statement(update(table).values(values)))


async def entries(delivery):
    found = await OperatorStore(delivery.database).find(
        Filter(recipient_ids=tuple(range(1, 3_000)))
    )
    return sorted(found, key=lambda entry: entry.recipient_id)


async def settled_where(delivery, condition):
    """Wait until the queue is as it has to become."""
    async with asyncio.timeout(30):
        while not condition(found := await entries(delivery)):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0)
    return found


async def test_bulk_mail_of_a_stopped_domain_ends_and_other_mail_waits(delivery, clock, sink):
    await take(delivery, clock, Source.BULK, 0)
    await take(delivery, clock, Source.API, 10)
    tomorrow = day_range(day_of(NOW, ZONE), ZONE)[1]
    await change(delivery, identity, blocked_until=tomorrow, blocked_reason=REASON)
    async with delivery.running(sink.port):
        found = await settled_where(
            delivery, lambda rows: [row.due_at for row in rows] == [None] * 3 + [tomorrow] * 3
        )
        assert [row.state for row in found] == [State.DROPPED] * 3 + [State.QUEUED] * 3
        assert [row.attempts for row in found] == [0] * 6
        status = (await delivery.states())["u0@x.test"]
        assert (status.send_status, REASON in status.reply.english) == (3030, True)
        clock.advance(DAY)
        await settled_where(
            delivery, lambda rows: [row.state for row in rows[3:]] == [State.DELIVERED] * 3
        )
    assert sum(sink.recipients.values()) == 3


async def test_a_suspended_account_s_mail_waits_until_that_is_lifted(delivery, clock, sink):
    await take(delivery, clock, Source.BULK, 0)
    await change(delivery, account, suspended_at=NOW, suspended_reason="Phishing.")
    async with delivery.running(sink.port):
        await settled_where(
            delivery, lambda rows: {row.due_at for row in rows} == {NOW + LOOK_AGAIN_MS}
        )
        await change(delivery, account, suspended_at=None, suspended_reason="")
        clock.advance(LOOK_AGAIN_MS + SECOND)
        found = await settled_where(
            delivery, lambda rows: {row.state for row in rows} == {State.DELIVERED}
        )
    assert sum(sink.recipients.values()) == len(found) == 3


async def test_mail_that_is_kept_back_beyond_its_lifetime_expires(delivery, clock, sink):
    await take(delivery, clock, Source.API, 0)
    await change(delivery, identity, level=0)
    clock.advance(73 * HOUR)
    async with delivery.running(sink.port):
        await settled_where(delivery, lambda rows: {row.state for row in rows} == {State.EXPIRED})
    assert "kept back" in (await delivery.states())["u0@x.test"].reply.english
    assert sum(sink.recipients.values()) == 0
