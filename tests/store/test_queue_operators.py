from dataclasses import replace

import pytest
from tests.store.test_queue import LEASE_END, NOW, amount, message, settled, take

from tayori.db.tables.queue import message_content
from tayori.events.model import PUBLIC, EventKind
from tayori.events.store import EventStore
from tayori.mail.outcome import Kind, Outcome, Scope, Stage
from tayori.queue.operate import Move, Wish
from tayori.queue.operator_store import Filter, OperatorStore
from tayori.queue.states import State
from tayori.queue.store import QueueStore

LATER = NOW + 10
BUSY = Outcome(kind=Kind.TEMPORARY, scope=Scope.SITE, stage=Stage.CONNECT)


async def states(database, **wanted):
    found = await OperatorStore(database).find(Filter(message_ids=("m", "n"), **wanted))
    return {entry.address: entry.state for entry in found}


async def change(database, wish, now=LATER, reason="", **wanted):
    return await OperatorStore(database).change(Filter(**wanted), wish, now, reason)


async def kinds(database, number):
    return [event.kind for event in await EventStore(database).of_message(number)]


async def test_what_is_held_is_not_leased_until_it_is_released(database):
    numbers = await take(database, message("m", "a@x.test", "b@y.test"))
    queue = QueueStore(database)
    held = await change(database, Wish.HOLD, domain="x.test")
    assert [each.entry.address for each in held] == ["a@x.test"]
    leased = await queue.lease("one", LATER, LEASE_END, 10)
    assert [item.address for item in leased] == ["b@y.test"]
    await queue.settle("one", [settled(leased[0], State.DELIVERED)])
    assert await queue.next_due() is None
    assert await amount(database, message_content) == 1
    await change(database, Wish.RELEASE, state=State.HELD)
    assert await states(database) == {"a@x.test": State.QUEUED, "b@y.test": State.DELIVERED}
    assert len(await queue.lease("one", LATER, LEASE_END, 10)) == 1
    found = await kinds(database, numbers[0][0])
    assert found == [
        EventKind.ACCEPTED,
        EventKind.HELD,
        EventKind.DELIVERED,
        EventKind.RELEASED,
    ]
    assert not {EventKind.HELD, EventKind.RELEASED, EventKind.RETRIED} & PUBLIC


async def test_a_deferred_one_is_tried_at_once_and_released_as_deferred(database):
    await take(database, message("m", "a@x.test"))
    queue = QueueStore(database)
    (leased,) = await queue.lease("one", NOW, LEASE_END, 10)
    await queue.settle("one", [settled(leased, State.DEFERRED, NOW + 900, BUSY)])
    (retried,) = await change(database, Wish.RETRY, message_ids=("m",))
    assert retried.result == Move(State.DEFERRED, LATER)
    assert await queue.next_due() == LATER
    await change(database, Wish.HOLD, message_ids=("m",))
    (refused,) = await change(database, Wish.RETRY, message_ids=("m",))
    assert "release it" in refused.result
    (released,) = await change(database, Wish.RELEASE, message_ids=("m",))
    assert released.result == Move(State.DEFERRED, LATER)


async def test_the_content_goes_with_the_last_recipient_that_is_dropped(database):
    numbers = await take(database, message("m", "a@x.test", "b@x.test"))
    first, second = numbers[1]
    await change(database, Wish.DROP, recipient_ids=(first,), reason="enough")
    assert await amount(database, message_content) == 1
    await change(database, Wish.DROP, recipient_ids=(second,), reason="enough")
    assert await amount(database, message_content) == 0
    assert set((await states(database)).values()) == {State.DROPPED}
    (event, _) = (await EventStore(database).of_message(numbers[0][0]))[1:]
    assert (event.kind, event.data) == (EventKind.DROPPED, {"reason": "enough"})
    (again,) = await change(database, Wish.DROP, recipient_ids=(first,))
    assert "ended already" in again.result


@pytest.mark.parametrize("wish", list(Wish))
async def test_a_leased_recipient_is_left_alone_until_its_lease_ran_out(database, wish):
    await take(database, message("m", "a@x.test"))
    await QueueStore(database).lease("one", NOW, LEASE_END, 10)
    (left,) = await change(database, wish, account_id=1)
    assert isinstance(left.result, str)
    assert await states(database) == {"a@x.test": State.SENDING}
    (moved,) = await change(database, wish, now=LEASE_END, account_id=1)
    assert isinstance(moved.result, Move) is (wish is not Wish.RELEASE)


async def test_a_late_yes_ends_what_was_held_meanwhile(database):
    await take(database, message("m", "a@x.test"))
    queue = QueueStore(database)
    (leased,) = await queue.lease("one", NOW, LEASE_END, 10)
    await change(database, Wish.HOLD, now=LEASE_END, account_id=1)
    assert await queue.settle("one", [settled(leased, State.DEFERRED, NOW)]) == [False]
    assert await queue.settle("one", [settled(leased, State.DELIVERED)]) == [True]
    assert await amount(database, message_content) == 0


async def test_filters_choose_open_ones_of_one_account_up_to_a_limit(database):
    await take(
        database,
        message("m", "a@x.test", "b@x.test", dropped=("b@x.test",)),
        message("n", "c@x.test", account_id=2, accepted_at=NOW - 1),
    )
    find = OperatorStore(database).find
    assert [e.address for e in await find(Filter())] == ["c@x.test", "a@x.test"]
    assert [e.address for e in await find(Filter(limit=1))] == ["c@x.test"]
    assert [e.address for e in await find(Filter(account_id=1))] == ["a@x.test"]
    assert [e.address for e in await find(Filter(state=State.DROPPED))] == ["b@x.test"]
    assert len(await find(Filter(message_ids=("m",)))) == 2


async def test_filters_choose_by_age_and_by_what_the_last_attempt_met(database):
    await take(
        database,
        message("m", "a@x.test", "b@y.test"),
        message("n", "c@x.test", accepted_at=NOW - 500),
    )
    queue = QueueStore(database)
    leased = {item.address: item for item in await queue.lease("one", NOW, LEASE_END, 10)}

    def refused(address, provider, bounce_class):
        item = settled(leased[address], State.DEFERRED, NOW + 900, BUSY)
        return replace(item, provider=provider, bounce_class=bounce_class)

    await queue.settle(
        "one",
        [refused("a@x.test", "gmail", "rate_limited"), refused("b@y.test", "", "network")],
    )

    async def found(**wanted):
        return {e.address for e in await OperatorStore(database).find(Filter(**wanted))}

    assert await found(accepted_before=NOW - 500) == {"c@x.test"}
    assert await found(provider="gmail") == {"a@x.test"}
    assert await found(bounce_class="network") == {"b@y.test"}
    assert await found(provider="gmail", bounce_class="network") == set()
    # Only the last attempt counts.
    (again,) = [
        item
        for item in await queue.lease("one", NOW + 900, LEASE_END, 10)
        if item.address == "a@x.test"
    ]
    last = settled(again, State.DEFERRED, NOW + 1_800, BUSY)
    await queue.settle("one", [replace(last, bounce_class="reputation")])
    assert await found(bounce_class="rate_limited") == set()
    assert await found(bounce_class="reputation") == {"a@x.test"}
