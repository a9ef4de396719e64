"""What comes back, from the listener to events, states and lists."""

import pytest
from tests.support.inbound import DOMAIN, HOST, inbound_world
from tests.support.returned_mails import complaint, dsn, letter

from tayori.events.model import EventKind
from tayori.inbound.spool import SpoolState
from tayori.mail.return_path import REFERENCE, REFERENCE_HEADER, UNSUBSCRIBE, encode
from tayori.queue.states import State
from tayori.runtime.clock import DAY, SettableClock
from tayori.suppress.model import SendStatus, Target
from tayori.suppress.store import SuppressStore

NOW = 1_795_478_400_000
UNKNOWN = "ann@receiver.test"


@pytest.fixture
def clock():
    return SettableClock(NOW)


@pytest.fixture
async def world(database, tmp_path, clock):
    async with inbound_world(database, tmp_path, clock) as built:
        yield built


async def suppressed(world, address):
    target = Target(world.account_id, DOMAIN, address)
    return (await SuppressStore(world.database).find([target], world.clock.now())).get(target)


async def test_a_bounce_ends_a_delivered_mail_and_blocks_the_address(world):
    [number] = await world.sent(UNKNOWN)
    entry = await world.came_back(dsn(UNKNOWN), world.address(number))
    assert (entry.kind, entry.state, entry.content) == ("bounce", SpoolState.DONE, None)
    assert await world.kinds(number) == [EventKind.DELIVERED, EventKind.BOUNCE]
    row = await world.row(number)
    assert State(row["state"]) is State.BOUNCED
    assert row["reply"].startswith("550 5.1.1 User unknown")
    [bounce] = (await world.events(number))[1:]
    assert bounce.data["class"] == "unknown_user"
    assert (await suppressed(world, UNKNOWN)).status is SendStatus.BLACKLISTED


async def test_the_same_bounce_twice_is_one_event(world):
    [number] = await world.sent(UNKNOWN)
    for octets in (dsn(UNKNOWN), dsn(UNKNOWN), dsn(UNKNOWN, message_id="<other@relay.test>")):
        await world.hand_in(octets, world.address(number))
    entries = await world.understand()
    assert [entry.kind for entry in entries] == ["bounce"] * 3
    assert await world.kinds(number) == [EventKind.DELIVERED, EventKind.BOUNCE]
    assert "had ended before" in entries[-1].note


async def test_what_others_are_called_by_a_report_does_not_block_the_address(world):
    [number] = await world.sent(UNKNOWN)
    await world.came_back(dsn("hidden@elsewhere.test"), world.address(number))
    assert await world.kinds(number) == [EventKind.DELIVERED, EventKind.BOUNCE]
    assert await suppressed(world, UNKNOWN) is None


@pytest.mark.parametrize("state", [State.SENDING, State.DEFERRED, State.QUEUED])
async def test_a_bounce_may_come_before_the_yes_is_settled(world, state):
    [number] = await world.sent(UNKNOWN, state=state)
    assert await world.contents() == 1
    await world.came_back(dsn(UNKNOWN), world.address(number))
    row = await world.row(number)
    assert (State(row["state"]), row["due_at"], row["lease_owner"]) == (State.BOUNCED, None, None)
    assert await world.contents() == 0


async def test_a_delay_is_an_event_for_each_report_and_changes_nothing(world):
    [number] = await world.sent(UNKNOWN)
    delayed = {"action": "delayed", "status": "4.4.1", "reply": "450 4.4.1 connection timed out"}
    for message_id in ("<one@relay.test>", "<one@relay.test>", "<two@relay.test>"):
        octets = dsn(UNKNOWN, message_id=message_id, **delayed)
        await world.came_back(octets, world.address(number))
    assert await world.kinds(number) == [EventKind.DELIVERED, *[EventKind.DEFERRED] * 2]
    assert State((await world.row(number))["state"]) is State.DELIVERED
    assert await suppressed(world, UNKNOWN) is None


async def test_a_success_report_confirms_what_is_delivered(world):
    [number] = await world.sent(UNKNOWN)
    octets = dsn(UNKNOWN, action="delivered", status="2.0.0", reply="250 2.0.0 ok")
    for _ in range(2):
        await world.came_back(octets, world.address(number))
    assert await world.kinds(number) == [EventKind.DELIVERED, EventKind.REPORTED]


async def test_a_success_report_ends_a_mail_whose_yes_was_lost(world):
    [number] = await world.sent(UNKNOWN, state=State.DEFERRED)
    octets = dsn(UNKNOWN, action="relayed", status="2.0.0", reply="250 2.0.0 ok")
    await world.came_back(octets, world.address(number))
    assert (await world.kinds(number))[-1] is EventKind.DELIVERED
    assert State((await world.row(number))["state"]) is State.DELIVERED
    assert await world.contents() == 0


async def test_an_automatic_answer_is_no_bounce_and_no_unsubscription(world):
    [number] = await world.sent(UNKNOWN)
    answer = letter("Unsubscribe? I am away", fields=("Auto-Submitted: auto-replied",))
    await world.came_back(answer, world.address(number))
    entry = await world.came_back(answer, world.address(number, UNSUBSCRIBE))
    assert await world.kinds(number) == [EventKind.DELIVERED, EventKind.AUTO_REPLY]
    assert await suppressed(world, UNKNOWN) is None
    assert (entry.state, entry.kind) == (SpoolState.KEPT, "auto_reply")


async def test_a_mail_to_the_unsubscribe_address_unsubscribes_whatever_it_says(world):
    [number] = await world.sent(UNKNOWN)
    for _ in range(2):
        address = world.address(number, UNSUBSCRIBE)
        await world.came_back(letter("?", body=""), address, mail_from="x@y.test")
    assert await world.kinds(number) == [EventKind.DELIVERED, EventKind.UNSUBSCRIBE]
    found = await suppressed(world, UNKNOWN)
    assert found.status is SendStatus.UNSUBSCRIBED
    assert "unsubscribed" in found.reason.english


@pytest.mark.parametrize(
    "header",
    [
        lambda world, number: f"Return-Path: <{world.address(number)}>",
        lambda world, number: (
            f"{REFERENCE_HEADER}: "
            + encode(number, world.clock.now(), world.needs.keys.return_path, REFERENCE)
        ),
        lambda world, number: f"List-Unsubscribe: <mailto:{world.address(number, UNSUBSCRIBE)}>",
    ],
)
async def test_a_redacted_complaint_finds_its_recipient_and_ends_all_mail(world, header):
    [number] = await world.sent(UNKNOWN)
    octets = complaint(header(world, number))
    for _ in range(2):
        entry = await world.came_back(octets, f"fbl-reports@{HOST}", mail_from="fbl@feedback.test")
    assert (entry.kind, entry.state) == ("complaint", SpoolState.DONE)
    assert await world.kinds(number) == [EventKind.DELIVERED, EventKind.SPAMREPORT]
    assert (await world.events(number))[-1].data["source_ip"] == "192.0.2.7"
    assert "complained" in (await suppressed(world, UNKNOWN)).reason.english


async def test_a_complaint_without_a_signature_of_ours_is_kept_aside(world):
    [number] = await world.sent(UNKNOWN)
    entry = await world.came_back(
        complaint("X-Nothing: here"), f"fbl-reports@{HOST}", mail_from="fbl@feedback.test"
    )
    assert entry.state is SpoolState.KEPT
    assert "signature" in entry.note
    assert (await world.spool.entry(entry.id)).content is not None
    assert await world.kinds(number) == [EventKind.DELIVERED]


async def test_what_is_not_understood_is_kept_and_counted(world):
    [number] = await world.sent(UNKNOWN)
    await world.came_back(letter("Thank you"), world.address(number), mail_from="ann@people.test")
    await world.came_back(letter(), "postmaster", mail_from="ann@people.test")
    assert await world.spool.totals() == {(SpoolState.KEPT, "unknown"): 2}
    assert await world.kinds(number) == [EventKind.DELIVERED]


async def test_a_mail_about_a_recipient_that_is_gone_changes_nothing(world):
    entry = await world.came_back(dsn(UNKNOWN), world.address(4_711))
    assert entry.state is SpoolState.DONE
    assert "no longer known" in entry.note


async def test_a_report_of_two_recipients_counts_for_the_one_it_came_for(world):
    one, two = await world.sent(UNKNOWN, "bob@receiver.test")
    await world.hand_in(dsn(UNKNOWN), world.address(one))
    await world.hand_in(dsn("bob@receiver.test", message_id="<x@y.test>"), world.address(two))
    await world.understand()
    for number in (one, two):
        assert (await world.kinds(number))[-1] is EventKind.BOUNCE


async def test_old_entries_are_forgotten_and_waiting_mail_is_not(world, clock):
    [number] = await world.sent(UNKNOWN)
    await world.came_back(dsn(UNKNOWN), world.address(number))
    await world.hand_in(dsn(UNKNOWN), world.address(number))
    clock.advance(40 * DAY)
    await world.spool.sweep(clock.now() - 30 * DAY)
    [left] = await world.spool.entries(10)
    assert left.state is SpoolState.WAITING
    # A token that was good when the mail came is good however long the mail waited.
    [entry] = await world.understand()
    assert entry.kind == "bounce"


async def test_a_mail_that_a_dead_process_held_is_read_by_another(world, clock):
    [number] = await world.sent(UNKNOWN)
    await world.hand_in(dsn(UNKNOWN), world.address(number))
    assert len(await world.spool.claim("dead", clock.now())) == 1
    assert (await world.understand())[0].state is SpoolState.WAITING
    clock.advance(121_000)
    assert (await world.understand())[0].state is SpoolState.DONE
    assert await world.kinds(number) == [EventKind.DELIVERED, EventKind.BOUNCE]
