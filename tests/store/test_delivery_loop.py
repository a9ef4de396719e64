import asyncio
import functools
from dataclasses import replace

import dkim
import pytest
from sqlalchemy import bindparam, select
from tests.store.test_door import NOW, door
from tests.support.deliverers import PAIR, Deliverers, RecipeComposer, name_server, until, within
from tests.support.peers.misbehaving import never_answers
from tests.support.peers.receiving import Receivers, Recorder
from tests.support.peers.scripted import Peer, scripted
from tests.support.sink import Sink
from tests.unit.accept.test_checks import GOOD, box, many

from tayori.db.statement import Statement
from tayori.db.tables.queue import attempt, recipient
from tayori.delivery.hosts import DOWN, FAILURES
from tayori.events.model import EventKind
from tayori.events.store import EventStore
from tayori.mail.transcript import read
from tayori.queue.operator_store import Filter, OperatorStore
from tayori.queue.states import State
from tayori.runtime.clock import DAY, HOUR, MINUTE, SettableClock
from tayori.sandbox.dns_server import Failure
from tayori.smtp.handler import ServerSettings

ROW = Statement(
    select(recipient.c.attempts, recipient.c.wait_cause).where(
        recipient.c.address == bindparam("of_address")
    )
)
CONVERSATIONS = Statement(
    select(recipient.c.address, attempt.c.conversation).select_from(
        attempt.join(recipient, recipient.c.id == attempt.c.recipient_id)
    )
)
RECORD = b"v=DKIM1; k=rsa; p=" + PAIR.public_b64.encode()


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
def delivery(database, clock, dns, tmp_path):
    return Deliverers(database, clock, dns, tmp_path / "run")


def lookup(record, name, timeout=5):
    return record


def to(*addresses):
    return replace(GOOD, to=tuple(map(box, addresses)))


async def test_accepted_mail_arrives_signed_and_its_fate_is_known(database, clock, delivery, sink):
    opened = door(database, clock)
    await opened.accept(replace(GOOD, to=many(45)))
    await opened.accept(to("unknown@x.test", "later@x.test", "a@null.test"))
    async with delivery.running(sink.port) as loop:
        await within(loop.wait_settled(48))
    assert sink.recipients == {f"u{n}@x.test": 1 for n in range(45)}
    assert len({mail.return_path for mail in sink.mails}) == 45
    for mail in sink.mails[:5]:
        assert dkim.verify(mail.content, dnsfunc=functools.partial(lookup, RECORD))
    found = await delivery.states()
    assert (found["u0@x.test"].state, found["u0@x.test"].reply.english) == (
        State.DELIVERED,
        "250 2.0.0 Taken",
    )
    assert found["unknown@x.test"].state is State.BOUNCED
    assert found["unknown@x.test"].reply.english == "550 5.1.1 No such user"
    assert found["later@x.test"].state is State.DEFERRED
    assert found["a@null.test"].state is State.BOUNCED
    assert "null MX" in found["a@null.test"].reply.english


async def test_a_greylisted_mail_expires_after_its_lifetime(database, clock, delivery):
    receivers = Receivers()
    port = await receivers.start(Recorder())
    accepted = await door(database, clock).accept(to("later@x.test"))
    message_id = accepted.message_id
    attempts = 0
    loop = delivery.make(port)
    await loop.start()
    while (due := await delivery.queue.next_due()) is not None:
        attempts += 1
        clock.advance(max(0, due - clock.now()))
        loop._signal.announce()
        await within(loop.wait_settled(attempts))
    await loop.stop()
    await receivers.stop()
    assert 20 <= attempts <= 30
    assert clock.now() == NOW + 3 * DAY
    assert (await delivery.states())["later@x.test"].state is State.EXPIRED
    # That it is delayed was told once, when it was.
    (entry,) = await OperatorStore(database).find(Filter(message_ids=(message_id,)))
    events = await EventStore(database).of_message(entry.message_number)
    (told,) = [event for event in events if event.kind is EventKind.DELAYED]
    assert 4 * HOUR <= told.at - NOW <= 4 * HOUR + 2 * MINUTE
    assert told.data["reason"] == entry.reply.english


async def test_what_was_said_is_kept_with_each_attempt(database, clock, delivery, sink):
    await door(database, clock).accept(to("ann@x.test", "later@x.test"))
    async with delivery.running(sink.port, connections_per_site=1) as loop:
        await within(loop.wait_settled(2))
    async with database.read() as transaction:
        rows = await transaction.fetch(CONVERSATIONS)
    said = {row["address"]: read(row["conversation"]) for row in rows}
    brief = [line.text for line in said["ann@x.test"]]
    assert brief[-3:] == ["354", brief[-2], "250"]
    assert "octets of content" in brief[-2]
    assert not any("@" in text for text in brief)
    words = [(line.by, line.text) for line in said["later@x.test"]]
    assert (">", "RCPT TO:<later@x.test>") in words
    assert ("<", "451 4.7.1 Greylisted, come back later") in words
    (path,) = [text for by, text in words if text.startswith("MAIL FROM")]
    assert path.startswith("MAIL FROM:<…@")
    # The greeting stands with the first mail of a connection only.
    greetings = [name for name, lines in said.items() if lines[0].by == "<"]
    assert len(greetings) == 1


async def test_a_private_host_is_not_connected_to(database, clock, delivery, sink):
    await door(database, clock).accept(GOOD)
    async with delivery.running(sink.port, allow_private_networks=False) as loop:
        await within(loop.wait_settled(1))
    found = (await delivery.states())["a@x.test"]
    assert found.state is State.BOUNCED
    assert "private" in found.reply.english
    assert not sink.mails


async def test_silent_name_servers_and_a_closed_port_defer(database, clock, delivery, dns, sink):
    dns.add_zone("broken.test")
    dns.fail("broken.test", Failure.SERVFAIL)
    dns.add_zone("closed.test")
    dns.add("closed.test", "A", "127.0.0.99")
    await door(database, clock).accept(to("a@broken.test", "a@closed.test"))
    async with delivery.running(sink.port) as loop:
        await within(loop.wait_settled(2))
    found = await delivery.states()
    assert {row.state for row in found.values()} == {State.DEFERRED}


async def test_waiting_for_hosts_that_are_down_is_no_attempt(database, clock, delivery, dns):
    dns.add_zone("closed.test")
    dns.add("closed.test", "A", "127.0.0.99")
    opened = door(database, clock)
    async with delivery.running(9) as loop:
        for number in range(FAILURES):
            await opened.accept(to(f"u{number}@closed.test"))
            await within(loop.wait_settled(number + 1))
        await opened.accept(to("later@closed.test"))
        await within(has_waited(delivery, "later@closed.test"))
    assert (await row_of(database, "later@closed.test"))["attempts"] == 0


async def row_of(database, address):
    async with database.read() as transaction:
        return await transaction.fetch_one(ROW, {"of_address": address})


async def has_waited(delivery, address):
    while (await row_of(delivery.database, address))["wait_cause"] != DOWN.english:  # noqa: ASYNC110 - nobody tells of it
        await asyncio.sleep(0)


async def test_a_fault_in_one_mail_leaves_the_others_alone(database, clock, delivery, sink):
    opened = door(database, clock)
    for number in range(9):
        await opened.accept(to(f"u{number}@x.test"))
    await opened.accept(replace(to("bad@x.test"), values={"name": "bad"}))
    composer = RecipeComposer(lambda recipe: recipe.values == {"name": "bad"})
    async with delivery.running(sink.port, composer=composer) as loop:
        await within(loop.wait_settled(10))
    found = await delivery.states()
    assert found.pop("bad@x.test").state is State.DEFERRED
    assert {row.state for row in found.values()} == {State.DELIVERED}


async def test_a_connection_carries_as_many_mails_as_the_setting_says(database, clock, delivery):
    receivers, recorder = Receivers(), Recorder()
    port = await receivers.start(recorder)
    await door(database, clock).accept(replace(GOOD, to=many(50)))
    async with delivery.running(port, connections_per_site=1, mails_per_connection=20) as loop:
        await within(loop.wait_settled(50))
    assert len(recorder.messages) == 50
    assert len(recorder.connections) == 3
    await receivers.stop()


async def test_a_kept_connection_that_died_is_no_attempt(database, clock, delivery):
    async def takes_one(peer: Peer) -> None:
        await peer.say(b"220 mx.example ESMTP\r\n")
        await peer.expect(b"EHLO ")
        await peer.say(b"250 mx.example\r\n")
        for reply in (b"250 OK\r\n", b"250 OK\r\n", b"354 Go ahead\r\n"):
            await peer.line()
            await peer.say(reply)
        await peer.content()
        await peer.say(b"250 OK\r\n")

    await door(database, clock).accept(replace(GOOD, to=many(4)))
    async with scripted(takes_one) as peer:
        async with delivery.running(peer.port, connections_per_site=1) as loop:
            await within(loop.wait_settled(4))
        assert peer.connections == 4
    assert {row.state for row in (await delivery.states()).values()} == {State.DELIVERED}


async def test_trigger_mail_overtakes_what_waits_for_its_site(database, clock, delivery):
    receivers, recorder = Receivers(), Recorder()
    port = await receivers.start(recorder)
    opened = door(database, clock)
    await opened.accept(to("slow@x.test"))
    await opened.accept(replace(GOOD, to=many(20)))
    async with delivery.running(port, connections_per_site=1) as loop:
        await within(recorder.asked.wait())
        await opened.accept(replace(to("code@x.test"), trigger=True))
        loop._signal.announce()
        await within(until(lambda: sum(len(site.waiting()) for site in loop._sites.values()) == 21))
        recorder.release.set()
        await within(loop.wait_settled(22))
    order = [received.recipients[0].address for received, _ in recorder.messages]
    assert order.index("code@x.test") == 1
    await receivers.stop()


async def test_a_site_that_never_answers_holds_no_other_up(database, clock, delivery, sink):
    opened = door(database, clock)
    await opened.accept(replace(GOOD, to=tuple(box(f"u{n}@slow.test") for n in range(50))))
    await opened.accept(replace(GOOD, to=tuple(box(f"v{n}@slow.test") for n in range(50))))
    clock.advance(1)
    await opened.accept(replace(GOOD, to=many(20)))
    async with (
        scripted(never_answers, host="127.0.0.2", port=sink.port),
        delivery.running(sink.port, most_held=40, connections_per_site=2, finish_s=0),
    ):
        await within(sink.until(lambda: len(sink.mails) == 20))
    found = await delivery.states()
    assert {row.state for name, row in found.items() if "slow" in name} == {State.QUEUED}


async def test_a_full_process_makes_room_only_when_other_mail_is_due(
    database, clock, delivery, sink
):
    """Else the last mails of a queue would rest for nothing."""
    opened = door(database, clock)
    await opened.accept(to(*(f"u{n}@slow.test" for n in range(4))))
    async with (
        scripted(never_answers, host="127.0.0.2", port=sink.port) as peer,
        delivery.running(sink.port, most_held=4, finish_s=0) as loop,
    ):
        await within(until(lambda: sum(b"MAIL" in said for said in peer.heard) == 4))
        assert not await loop._others_wait()
        await opened.accept(to("ann@x.test"))
        assert await loop._others_wait()


async def test_a_full_process_takes_mail_that_a_person_waits_for(database, clock, delivery, sink):
    opened = door(database, clock)
    await opened.accept(to(*(f"u{n}@slow.test" for n in range(4))))
    async with (
        scripted(never_answers, host="127.0.0.2", port=sink.port) as peer,
        delivery.running(sink.port, most_held=4, finish_s=0),
    ):
        # Nothing of this ever ends, so no room ever comes free.
        await within(until(lambda: sum(b"MAIL" in said for said in peer.heard) == 4))
        await opened.accept(replace(to("ann@x.test"), trigger=True))
        await within(sink.until(lambda: len(sink.mails) == 1))
    assert sink.recipients == {"ann@x.test": 1}


@pytest.mark.parametrize("host", ["127.0.0.1", "mx.x.test"])
async def test_a_smarthost_takes_all_mail(database, clock, delivery, sink, host):
    await door(database, clock).accept(to("a@x.test", "b@null.test", "c@nowhere.test"))
    settings = {"smarthost": f"{host}:{sink.port}", "allow_private_networks": False}
    async with delivery.running(9, **settings) as loop:
        await within(loop.wait_settled(3))
    assert set(sink.recipients) == {"a@x.test", "b@null.test", "c@nowhere.test"}


async def test_a_smarthost_that_cannot_be_found_defers(database, clock, delivery, dns):
    await door(database, clock).accept(GOOD)
    async with delivery.running(9, smarthost="gone.x.test:25") as loop:
        await within(loop.wait_settled(1))
    assert (await delivery.states())["a@x.test"].state is State.DEFERRED


async def test_mail_larger_than_the_batch_reads_is_delivered(database, clock, delivery, sink):
    html = "<p>" + "long " * 30_000 + "</p>"
    opened = door(database, clock)
    for number in range(6):
        own = replace(to(f"u{number}@x.test"), template_id=None, html=html, subject="s")
        await opened.accept(own)
    async with delivery.running(sink.port) as loop:
        await within(loop.wait_settled(6))
    assert {row.state for row in (await delivery.states()).values()} == {State.DELIVERED}
    assert len(sink.recipients) == 6


async def test_eight_connections_share_the_mails_of_one_site(database, clock, delivery):
    receivers, recorder = Receivers(), Recorder()
    settings = ServerSettings(host_name="mx.receiver.example", max_connections=3)
    port = await receivers.start(recorder, settings)
    await door(database, clock).accept(replace(GOOD, to=many(50)))
    async with delivery.running(port, connections_per_site=8) as loop:
        await within(loop.wait_settled(50))
    states = {row.state for row in (await delivery.states()).values()}
    assert states == {State.DELIVERED}
    assert len(recorder.messages) == 50
    await receivers.stop()
