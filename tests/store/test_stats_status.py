"""What recipients did themselves shows in the status of their mail."""

import pytest
from tests.store.test_api_status import rows, sent
from tests.support.api_world import api_world

from tayori.events.model import Event, EventKind
from tayori.events.store import record

FLAGS = ("UserOpened", "UserClicked", "UserUnsubscribed", "UserComplainted", "UserComplained")


@pytest.fixture
async def world(database):
    async with api_world(database) as made:
        yield made


async def test_only_the_recipient_who_did_it_has_the_flag(world):
    await sent(world, "a@x.test", "b@x.test", "c@x.test")
    now = world.clock.now()
    leased = {item.address: item for item in await world.services.queue.lease("d", now, now + 9, 9)}
    done = {
        "a@x.test": (EventKind.OPEN, EventKind.OPEN, EventKind.CLICK),
        "b@x.test": (EventKind.SPAMREPORT, EventKind.UNSUBSCRIBE),
        "c@x.test": (EventKind.DEFERRED,),
    }
    events = [
        Event(
            at=now,
            account_id=world.one.account.id,
            kind=kind,
            message_id=leased[address].message_id,
            recipient_id=leased[address].id,
        )
        for address, kinds in done.items()
        for kind in kinds
    ]
    async with world.database.write() as transaction:
        await record(transaction, events)
    shown = {row["ToEmailAddress"]: tuple(row[name] for name in FLAGS) for row in await rows(world)}
    assert shown == {
        "a@x.test": (True, True, False, False, False),
        "b@x.test": (False, False, True, True, True),
        "c@x.test": (False,) * 5,
    }
