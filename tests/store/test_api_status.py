from datetime import timedelta

import pytest
from tests.support.api_world import ZONE, World, api_world

from tayori.queue.model import Settlement
from tayori.queue.states import State
from tayori.runtime.clock import day_of, local

NEWS = "news@mail.example.test"


@pytest.fixture
async def world(database):
    async with api_world(database) as made:
        yield made


async def sent(world: World, *recipients: str) -> str:
    template = await world.ready(world.one)
    answer = await world.one.call(
        "SendEmail",
        FromEmailAddress=f"N <{NEWS}>",
        Subject="Hi",
        Destination=list(recipients),
        Template={"TemplateID": template, "TemplateData": '{"name":"A"}'},
    )
    return str(answer["MessageId"])


def today(world: World) -> str:
    return day_of(world.clock.now(), ZONE)


async def rows(world: World, client=None, **filters):
    given = {"RequestDate": today(world), "Offset": 0, "Limit": 100} | filters
    answer = await (client or world.one).call("GetSendEmailStatus", **given)
    return answer["EmailStatusList"]


async def test_a_queued_mail_as_the_sdk_reads_it(world):
    message_id = await sent(world, "A <a@X.test>")
    assert await rows(world) == [
        {
            "MessageId": message_id,
            "ToEmailAddress": "a@x.test",
            "FromEmailAddress": NEWS,
            "SendStatus": 0,
            "DeliverStatus": 0,
            "DeliverMessage": "",
            "RequestTime": world.clock.now() // 1000,
            "DeliverTime": 0,
            "UserOpened": False,
            "UserClicked": False,
            "UserUnsubscribed": False,
            "UserComplainted": False,
            "UserComplained": False,
        }
    ]


ENDS = {
    "delivered@x.test": (State.DELIVERED, "250 ok", 0, (0, 1)),
    "bounced@x.test": (State.BOUNCED, "550 5.1.1 no such user", 0, (0, 3)),
    "dropped@x.test": (State.DROPPED, "on the blacklist", 1007, (1007, 2)),
    "expired@x.test": (State.EXPIRED, "450 4.2.0 later", 0, (1004, 3)),
    "deferred@x.test": (State.DEFERRED, "450 4.2.0 later", 0, (0, 8)),
}


async def test_every_state(world):
    await sent(world, *ENDS, "queued@x.test")
    now = world.clock.now()
    leased = await world.services.queue.lease("d", now, now + 60_000, 5)
    assert {row["DeliverStatus"] for row in await rows(world)} == {0}
    settlements = [
        Settlement(
            recipient=item,
            state=ENDS[item.address][0],
            at=now + 5_000,
            due_at=now if ENDS[item.address][0] is State.DEFERRED else None,
            reply=ENDS[item.address][1],
            send_status=ENDS[item.address][2],
        )
        for item in leased
    ]
    assert all(await world.services.queue.settle("d", settlements))
    found = {row["ToEmailAddress"]: row for row in await rows(world)}
    for address, (state, reply, _, statuses) in ENDS.items():
        row = found[address]
        assert (row["SendStatus"], row["DeliverStatus"]) == statuses
        assert row["DeliverMessage"] == reply
        ended = state is not State.DEFERRED
        assert row["DeliverTime"] == ((now + 5_000) // 1000 if ended else 0)
    assert found["queued@x.test"]["DeliverStatus"] == 0
    # The next attempt is under way; the last one's word still stands.
    again = await world.services.queue.lease("d", now, now + 60_000, 10)
    assert "deferred@x.test" in {item.address for item in again}
    found = {row["ToEmailAddress"]: row for row in await rows(world)}
    assert found["deferred@x.test"]["DeliverStatus"] == 8


async def test_filters_and_pages(world):
    addresses = [f"u{number}@x.test" for number in range(5)]
    message_id = await sent(world, *addresses)
    assert len(await rows(world, MessageId=message_id)) == 5
    one = await rows(world, ToEmailAddress="U <u3@X.TEST>")
    assert [row["ToEmailAddress"] for row in one] == ["u3@x.test"]
    both = await rows(world, MessageId=message_id, ToEmailAddress="u1@x.test")
    assert [row["ToEmailAddress"] for row in both] == ["u1@x.test"]
    assert await rows(world, MessageId="qcloudses-30-1-date-20200101000000-x") == []
    assert await rows(world, MessageId="", ToEmailAddress="") == await rows(world)
    seen: list[str] = []
    while page := await rows(world, Limit=2, Offset=len(seen)):
        seen += [row["ToEmailAddress"] for row in page]
    assert seen == addresses
    assert await rows(world, Limit=0) == []
    assert await rows(world, Offset=2**63 - 1) == []


async def test_a_day_is_a_day_of_the_service(world):
    await sent(world, "a@x.test")
    at = local(world.clock.now(), ZONE).date()
    for days in (-90, -1, 1):
        assert await rows(world, RequestDate=str(at + timedelta(days=days))) == []
    assert len(await rows(world, RequestDate=str(at))) == 1
    for days in (-91, 2):
        code = await world.one.refused(
            "GetSendEmailStatus", RequestDate=str(at + timedelta(days=days)), Offset=0, Limit=1
        )
        assert code == "FailedOperation.NotSupportDate"


async def test_what_is_refused(world):
    day = today(world)
    for changes, code in (
        ({"Limit": 101}, "FailedOperation.InvalidLimit"),
        ({"RequestDate": ""}, "InvalidParameterValue.WrongDate"),
        ({"RequestDate": "2026-02-30"}, "InvalidParameterValue.WrongDate"),
        ({"RequestDate": day.replace("-", "")}, "InvalidParameterValue.WrongDate"),
        ({"RequestDate": f"{day} 00:00:00"}, "InvalidParameterValue.WrongDate"),
        ({"RequestDate": f"{day}\n"}, "InvalidParameterValue.WrongDate"),
        ({"RequestDate": "0001-01-01"}, "FailedOperation.NotSupportDate"),
        ({"RequestDate": "9999-12-31"}, "FailedOperation.NotSupportDate"),
        ({"ToEmailAddress": "no address"}, "FailedOperation.IncorrectEmail"),
        ({"ToEmailAddress": "a@x.test\r\n"}, "FailedOperation.IncorrectEmail"),
        ({"Offset": -1}, "InvalidParameterValue"),
    ):
        given = {"RequestDate": day, "Offset": 0, "Limit": 10} | changes
        assert await world.one.refused("GetSendEmailStatus", **given) == code, changes
    assert await world.one.refused("GetSendEmailStatus", RequestDate=day) == "MissingParameter"


async def test_mail_of_another_account_does_not_exist(world):
    message_id = await sent(world, "a@x.test")
    assert await rows(world, world.two) == []
    assert await rows(world, world.two, MessageId=message_id) == []
    assert await rows(world, world.two, MessageId=message_id, ToEmailAddress="a@x.test") == []
    assert len(await rows(world, MessageId=message_id)) == 1
