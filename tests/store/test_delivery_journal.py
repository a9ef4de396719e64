"""A process dies between receivers' yes and its commit: another one settles what was delivered."""

from dataclasses import replace

import pytest
from tests.store.test_queue import NOW, message, take
from tests.unit.delivery.test_journal import YES

from tayori.delivery.journal import Journal, abandoned
from tayori.delivery.takeover import TakeOver
from tayori.queue.states import State
from tayori.queue.store import QueueStore
from tayori.runtime.clock import MINUTE

DAY_OF_ALL = (NOW - MINUTE, NOW + MINUTE)


@pytest.fixture
def queue(database):
    return QueueStore(database)


async def leased(database, queue, count):
    await take(database, *(message(f"m{n}", f"u{n}@x.test") for n in range(count)))
    return await queue.lease("dead", NOW, NOW + MINUTE, count)


def dies(tmp_path, settlements):
    journal = Journal(tmp_path, "host-dead")
    journal.open()
    for settlement in settlements:
        journal.note(settlement)
    journal.close()


async def states(queue):
    found = await queue.status(1, DAY_OF_ALL, (0, 100))
    return [one.state for one in found]


async def test_what_was_delivered_is_settled_and_not_sent_again(database, queue, tmp_path):
    held = await leased(database, queue, 3)
    dies(tmp_path, [_yes(one) for one in held[:2]])
    takeover = TakeOver(queue, "heir", tmp_path)
    assert await takeover.run() == 2
    assert await states(queue) == [State.DELIVERED, State.DELIVERED, State.SENDING]
    assert abandoned(tmp_path) == []
    # When the lease has run out, only the one that was not delivered is due.
    again = await queue.lease("heir", NOW + MINUTE, NOW + 2 * MINUTE, 10)
    assert [one.address for one in again] == ["u2@x.test"]


async def test_taking_over_twice_counts_once(database, queue, tmp_path):
    (held,) = await leased(database, queue, 1)
    dies(tmp_path, [_yes(held)])
    takeover = TakeOver(queue, "heir", tmp_path)
    assert await takeover.run() == 1
    dies(tmp_path, [_yes(held)])
    assert await takeover.run() == 0
    assert await states(queue) == [State.DELIVERED]


async def test_what_somebody_else_ended_stays_as_it_is(database, queue, tmp_path):
    (held,) = await leased(database, queue, 1)
    dies(tmp_path, [_yes(held)])
    dropped = _yes(held, state=State.DROPPED, outcome=None)
    assert await queue.settle("dead", [dropped]) == [True]
    assert await TakeOver(queue, "heir", tmp_path).run() == 0
    assert await states(queue) == [State.DROPPED]


async def test_a_process_begins_with_it(database, queue, tmp_path):
    (held,) = await leased(database, queue, 1)
    dies(tmp_path, [_yes(held)])
    takeover = TakeOver(queue, "heir", tmp_path)
    await takeover.start()
    assert await states(queue) == [State.DELIVERED]
    await takeover.stop()


def _yes(leased, **changes):
    return replace(YES, recipient=leased, at=NOW, **changes)
