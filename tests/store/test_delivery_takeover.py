import asyncio
import random
from dataclasses import replace
from functools import partial

import pytest
from tests.store.test_door import NOW, door
from tests.support.deliverers import Deliverers, name_server, until, within
from tests.support.peers.misbehaving import never_answers
from tests.support.peers.receiving import Receivers, Recorder
from tests.support.peers.scripted import scripted
from tests.support.prepared import execute
from tests.support.sink import Sink
from tests.unit.accept.test_checks import GOOD, box, many

from tayori.accept.submission import Accepted
from tayori.queue.states import State
from tayori.runtime.clock import MINUTE, SettableClock


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
async def recorder():
    receivers, made = Receivers(), Recorder()
    made.port = await receivers.start(made)
    yield made
    await receivers.stop()


@pytest.fixture
def delivery(database, clock, dns, tmp_path):
    return Deliverers(database, clock, dns, tmp_path / "run")


async def queued(database, clock, count):
    opened = door(database, clock, mailbox_per_hour=0, account_per_day=0, level_per_day=())
    sizes = [min(50, count - start) for start in range(0, count, 50)]
    for number, size in enumerate(sizes):
        answer = await opened.accept(replace(GOOD, to=many(size, number * 50)))
        assert isinstance(answer, Accepted)


async def test_two_loops_on_one_database_deliver_each_mail_once(database, clock, delivery, sink):
    await queued(database, clock, 600)
    async with (
        delivery.running(sink.port, owner="one"),
        delivery.running(sink.port, owner="two"),
    ):
        await within(sink.until(lambda: len(sink.mails) == 600))
    assert set(sink.recipients.values()) == {1}
    found = await delivery.states()
    assert len(found) == 600
    assert {row.state for row in found.values()} == {State.DELIVERED}
    assert await delivery.queue.next_due() is None


async def test_what_a_dead_process_held_is_taken_over(database, clock, delivery, sink):
    await queued(database, clock, 30)
    held = await delivery.queue.lease("dead", NOW, NOW + 2 * MINUTE, 20)
    assert len(held) == 20
    async with delivery.running(sink.port) as loop:
        await within(loop.wait_settled(10))
        assert len(sink.mails) == 10
        clock.advance(2 * MINUTE)
        loop._signal.announce()
        await within(loop.wait_settled(30))
    assert set(sink.recipients.values()) == {1}
    assert len(sink.recipients) == 30


async def test_a_stop_finishes_what_is_under_way_and_gives_the_rest_back(
    database, clock, delivery, recorder, sink
):
    opened = door(database, clock)
    await opened.accept(replace(GOOD, to=(box("slow@x.test"),)))
    await queued(database, clock, 30)
    loop = delivery.make(recorder.port, connections_per_site=1)
    await loop.start()
    await within(recorder.asked.wait())
    stopping = asyncio.create_task(loop.stop())
    await asyncio.sleep(0)
    recorder.release.set()
    await within(stopping)
    found = await delivery.states()
    assert found.pop("slow@x.test").state is State.DELIVERED
    assert {row.state for row in found.values()} == {State.QUEUED}
    again = await delivery.queue.lease("other", NOW, NOW + MINUTE, 100)
    assert {item.attempts for item in again} == {0}
    assert len(again) == 30


async def test_an_attempt_that_outlasts_the_bound_is_cut_off(database, clock, delivery, recorder):
    await door(database, clock).accept(replace(GOOD, to=(box("slow@x.test"),)))
    loop = delivery.make(recorder.port, finish_s=0)
    await loop.start()
    await within(recorder.asked.wait())
    await within(loop.stop())
    # The receiver had all of the mail and may still take it: that was an attempt.
    found = (await delivery.states())["slow@x.test"]
    assert found.state is State.DEFERRED
    assert "before the receiver's answer" in found.reply.english
    recorder.release.set()


async def test_an_attempt_cut_off_before_the_content_counts_as_none(database, clock, delivery):
    await door(database, clock).accept(replace(GOOD, to=many(3)))
    async with scripted(never_answers) as peer:
        loop = delivery.make(peer.port, finish_s=0)
        await loop.start()
        await within(heard(peer, b"MAIL"))
        await within(loop.stop())
    leased = await delivery.queue.lease("other", NOW, NOW + MINUTE, 10)
    assert [item.attempts for item in leased] == [0, 0, 0]


async def heard(peer, start):
    await until(lambda: any(start in octets for octets in peer.heard))


async def test_a_stop_while_names_are_looked_up_gives_the_mail_back(
    database, clock, delivery, dns, sink
):
    release = dns.hold("x.test")
    await door(database, clock).accept(GOOD)
    loop = delivery.make(sink.port)
    await loop.start()
    await within(dns.wait_for_queries("x.test", "MX", 1))
    await within(loop.stop())
    release.set()
    assert [item.attempts for item in await delivery.queue.lease("o", NOW, NOW + 1, 9)] == [0]


async def test_leases_are_extended_while_an_attempt_lasts(database, clock, delivery, recorder):
    await door(database, clock).accept(replace(GOOD, to=(box("slow@x.test"),)))
    async with delivery.running(recorder.port, lease_s=1) as loop:
        await within(recorder.asked.wait())
        first = await delivery.queue.next_due()
        clock.advance(900)
        await within(later_than(delivery.queue, first))
        assert await delivery.queue.lease("other", NOW + 1_000, NOW + MINUTE, 9) == []
        recorder.release.set()
        await within(loop.wait_settled(1))
    assert len(recorder.messages) == 1


async def later_than(queue, first):
    while await queue.next_due() == first:
        pass


def enough(sink, goal):
    return len(sink.mails) >= goal


async def test_random_stops_lose_nothing_and_double_nothing(database, clock, delivery, sink):
    await queued(database, clock, 400)
    chance = random.Random(7)
    for round_number in range(8):
        goal = len(sink.mails) + chance.randint(1, 40)
        async with delivery.running(sink.port, owner=f"o{round_number}"):
            await within(sink.until(partial(enough, sink, min(goal, 400))))
    async with delivery.running(sink.port, owner="last"):
        await within(sink.until(lambda: len(sink.mails) >= 400))
    assert len(sink.mails) == len(sink.recipients) == 400
    assert {row.state for row in (await delivery.states()).values()} == {State.DELIVERED}


@pytest.mark.parametrize("installed_url", ["postgresql"], indirect=True)
async def test_a_database_that_goes_away_delays_and_loses_nothing(
    database, installed_url, clock, delivery, sink
):
    await queued(database, clock, 300)
    cut = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    async with delivery.running(sink.port) as loop:
        for goal in (20, 60, 120):
            await within(sink.until(partial(enough, sink, goal)))
            await execute(installed_url, cut)
        await within(loop.wait_settled(300), 60)
    assert set(sink.recipients.values()) == {1}
    assert {row.state for row in (await delivery.states()).values()} == {State.DELIVERED}
