from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tayori.delivery.journal import LARGEST, Journal, abandoned, taken_over
from tayori.mail.outcome import Kind, Outcome, Scope, Stage
from tayori.mail.reply import Reply
from tayori.queue.model import Leased, Priority, Role, Settlement
from tayori.queue.states import State

LEASED = Leased(
    id=1,
    message_id=1,
    account_id=1,
    address="a@x.test",
    domain="x.test",
    role=Role.TO,
    priority=Priority.BULK,
    attempts=0,
    accepted_at=1,
    expires_at=10,
)
YES = Settlement(
    recipient=LEASED,
    state=State.DELIVERED,
    at=5,
    reply="250 2.0.0 taken",
    source="one",
    provider="gmail",
    outcome=Outcome(
        kind=Kind.DELIVERED,
        scope=Scope.RECIPIENT,
        stage=Stage.CONTENT,
        reply=Reply(250, "2.0.0", ("taken",)),
        peer_host="mx.x.test",
        peer_address="192.0.2.1",
        tls="TLSv1.3 X",
        started_at=3,
        ended_at=5,
    ),
)


def yes(number):
    return replace(YES, recipient=replace(LEASED, id=number))


def journal(tmp_path):
    made = Journal(tmp_path, "host-1")
    made.open()
    return made


def left(tmp_path):
    """Return what dead processes left, by recipient."""
    found = []
    for path in abandoned(tmp_path):
        with taken_over(path) as some:
            found += some or []
    return {one.recipient_id: one for one in found}


def test_what_was_noted_and_not_settled_is_found_whole(tmp_path):
    made = journal(tmp_path)
    made.note(yes(1))
    made.note(yes(2))
    made.settled([1])
    made.note(yes(3))
    made.close()
    found = left(tmp_path)
    assert {2, 3} <= found.keys()
    assert found[2].settlement(yes(2).recipient) == yes(2)
    # Whoever has taken it over has removed it.
    assert abandoned(tmp_path) == []


def test_a_living_process_keeps_its_file(tmp_path):
    made = journal(tmp_path)
    made.note(yes(1))
    assert left(tmp_path) == {}
    made.close()
    assert left(tmp_path).keys() == {1}


def test_only_deliveries_are_noted(tmp_path):
    made = journal(tmp_path)
    made.note(replace(YES, state=State.DEFERRED))
    made.note(replace(YES, outcome=None))
    made.close()
    assert abandoned(tmp_path) == []


def test_nothing_is_left_when_all_is_settled(tmp_path):
    made = journal(tmp_path)
    made.note(yes(1))
    made.settled([1])
    (path,) = abandoned(tmp_path)
    assert path.stat().st_size == 0
    made.close()
    assert abandoned(tmp_path) == []


def test_a_file_stays_small_while_something_always_waits(tmp_path):
    made = journal(tmp_path)
    largest = 0
    for number in range(20_000):
        made.note(yes(number))
        made.settled([number - 2])
        (path,) = abandoned(tmp_path)
        largest = max(largest, path.stat().st_size)
    assert 0 < largest < LARGEST * 1.1
    made.close()
    assert left(tmp_path).keys() >= {19_998, 19_999}


def test_a_note_that_was_cut_short_is_none(tmp_path):
    made = journal(tmp_path)
    made.note(yes(1))
    made.note(yes(2))
    made.close()
    (path,) = abandoned(tmp_path)
    octets = path.read_bytes()
    path.write_bytes(octets[:-3])
    assert left(tmp_path).keys() == {1}


@given(octets=st.binary(max_size=300))
def test_any_octets_are_read(tmp_path_factory, octets):
    directory = tmp_path_factory.mktemp("journals")
    (directory / "host-1").write_bytes(octets)
    assert all(one.recipient_id is not None for one in left(directory).values())
    assert abandoned(directory) == []
