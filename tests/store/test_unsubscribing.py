"""Unsubscribing: the list and the event are one, whatever the way and however often."""

import pytest
from tests.store.test_api_status import sent
from tests.support.api_world import api_world

from tayori.events.model import EventKind
from tayori.events.store import EventStore
from tayori.runtime.clock import HOUR, SECOND
from tayori.suppress.model import SendStatus, Target
from tayori.suppress.unsubscribing import Unsubscribes, Way


@pytest.fixture
async def world(database):
    async with api_world(database) as made:
        yield made


async def leased(world, *addresses):
    await sent(world, *addresses)
    now = world.clock.now()
    found = {item.address: item for item in await world.services.queue.lease("d", now, now + 9, 9)}
    return [found[address] for address in addresses]


async def kinds(world, message_id):
    found = await EventStore(world.database).of_message(message_id)
    wanted = {EventKind.UNSUBSCRIBE, EventKind.RESUBSCRIBED}
    return [(event.kind, dict(event.data)) for event in found if event.kind in wanted]


async def suppressed(world, account_id, subscriber):
    target = Target(account_id, subscriber.domain, subscriber.address.lower())
    found = await world.services.suppressions.find([target], world.clock.now())
    return {item.status for item in found.values()}


async def test_who_unsubscribes_is_not_written_to_and_the_account_hears_of_it_once(world):
    (mail,) = await leased(world, "A@x.test")
    verbs = Unsubscribes(world.database, world.clock)
    before = await verbs.find(mail.id)
    assert before is not None
    assert before.gone_at is None
    assert await suppressed(world, mail.account_id, before) == set()
    for way in (Way.MAIL, Way.ONE_CLICK, Way.PAGE):
        after = await verbs.unsubscribe(mail.id, way, useragent="reader/1")
        assert after is not None
        assert after.gone_at == world.clock.now()
    assert await suppressed(world, mail.account_id, before) == {SendStatus.UNSUBSCRIBED}
    told = (EventKind.UNSUBSCRIBE, {"way": "mail", "useragent": "reader/1"})
    assert await kinds(world, mail.message_id) == [told]


async def test_it_can_be_taken_back_for_an_hour(world):
    one, two = await leased(world, "a@x.test", "b@x.test")
    verbs = Unsubscribes(world.database, world.clock)
    for mail in (one, two):
        await verbs.unsubscribe(mail.id, Way.PAGE)
    world.clock.advance(HOUR - SECOND)
    assert await verbs.undo(one.id)
    assert not await verbs.undo(one.id)
    world.clock.advance(SECOND)
    assert not await verbs.undo(two.id)
    back, gone = await verbs.find(one.id), await verbs.find(two.id)
    assert back is not None
    assert gone is not None
    assert await suppressed(world, one.account_id, back) == set()
    assert await suppressed(world, one.account_id, gone) == {SendStatus.UNSUBSCRIBED}
    assert [kind for kind, _ in await kinds(world, one.message_id)] == [
        EventKind.UNSUBSCRIBE,
        EventKind.UNSUBSCRIBE,
        EventKind.RESUBSCRIBED,
    ]


async def test_nobody_is_nobody(world):
    verbs = Unsubscribes(world.database, world.clock)
    assert await verbs.find(99) is None
    assert await verbs.unsubscribe(99, Way.PAGE) is None
    assert not await verbs.undo(99)
