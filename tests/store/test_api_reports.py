"""GetStatisticsReport and GetAbuseReport, as the official SDK sees them, on both databases."""

from datetime import timedelta

import pytest
from tests.store.test_api_status import NEWS, sent
from tests.support.api_world import ZONE, World, api_world

from tayori.events.feed_store import Horizon
from tayori.events.model import Event, EventKind
from tayori.events.store import record
from tayori.queue.model import Settlement
from tayori.queue.states import State
from tayori.runtime.clock import DAY, day_of, local
from tayori.stats.rollup import RollUp

COUNTS = (
    "RequestCount",
    "AcceptedCount",
    "DeliveredCount",
    "OpenedCount",
    "ClickedCount",
    "BounceCount",
    "UnsubscribeCount",
)


@pytest.fixture
async def world(database):
    async with api_world(database) as made:
        yield made


def day(world: World, days: int = 0) -> str:
    return day_of(world.clock.now() + days * DAY, ZONE)


async def report(world: World, client=None, **given):
    """Count what happened, and return the report of today."""
    rollup = RollUp(store=world.services.stats, horizon=Horizon(world.database), zone=ZONE)
    await rollup.run()
    given = {"StartDate": day(world), "EndDate": day(world)} | given
    return await (client or world.one).call("GetStatisticsReport", **given)


def volume(date: str, *counts: int):
    return {"SendDate": date} | dict(zip(COUNTS, (*counts, *[0] * 7), strict=False))


async def settle(world: World, states):
    """End each address's mail in its state; return what was leased."""
    now = world.clock.now()
    leased = await world.services.queue.lease("d", now, now + 60_000, 50)
    batch = [
        Settlement(recipient=item, state=states[item.address], at=now, reply="said")
        for item in leased
    ]
    assert all(await world.services.queue.settle("d", batch))
    return {item.address: item for item in leased}


async def react(world: World, recipient, *kinds: EventKind, at: int, **data):
    events = [
        Event(
            at=at,
            account_id=recipient.account_id,
            kind=kind,
            message_id=recipient.message_id,
            recipient_id=recipient.id,
            data=data,
        )
        for kind in kinds
    ]
    async with world.database.write() as transaction:
        await record(transaction, events)


async def test_a_day_with_everything_and_days_with_nothing(world):
    await sent(world, "a@x.test", "b@x.test", "c@Y.test", "d@y.test")
    refused = {
        "FromEmailAddress": NEWS,
        "Subject": "Hi",
        "Destination": ["e@z.test", "f@z.test"],
        "Template": {"TemplateID": 999, "TemplateData": "{}"},
    }
    assert await world.one.refused("SendEmail", **refused) == "FailedOperation.InvalidTemplateID"
    leased = await settle(
        world,
        {
            "a@x.test": State.DELIVERED,
            "b@x.test": State.BOUNCED,
            "c@y.test": State.DELIVERED,
            "d@y.test": State.DROPPED,
        },
    )
    now = world.clock.now()
    kinds = (EventKind.OPEN, EventKind.OPEN, EventKind.CLICK, EventKind.CLICK)
    await react(world, leased["a@x.test"], *kinds, EventKind.UNSUBSCRIBE, at=now)
    all_day = (6, 3, 2, 2, 1, 1, 1)
    found = await report(world, StartDate=day(world, -2), EndDate=day(world, 1))
    assert found == {
        "DailyVolumes": [
            volume(day(world, -2)),
            volume(day(world, -1)),
            volume(day(world), *all_day),
            volume(day(world, 1)),
        ],
        "OverallVolume": volume(day(world, -2), *all_day),
    }
    for filters, counts in (
        ({"Domain": ""}, all_day),
        ({"Domain": "Mail.Example.TEST"}, all_day),
        ({"Domain": "example.test"}, ()),
        ({"ReceivingMailboxType": "X.test"}, (2, 2, 1, 2, 1, 1, 1)),
        ({"ReceivingMailboxType": "y.test"}, (2, 1, 1)),
        ({"ReceivingMailboxType": "z.test"}, (2,)),
        ({"Domain": "mail.example.test", "ReceivingMailboxType": "z.test"}, (2,)),
        ({"ReceivingMailboxType": "%.test"}, ()),
    ):
        found = await report(world, **filters)
        assert found["OverallVolume"] == volume(day(world), *counts), filters
        assert found["DailyVolumes"] == [found["OverallVolume"]]
    assert (await report(world, world.two))["OverallVolume"] == volume(day(world))


async def test_a_mail_that_the_limits_refuse_was_asked_for(database):
    async with api_world(database, account_per_day=1) as world:
        await sent(world, "a@x.test")
        template = {"TemplateID": 1, "TemplateData": '{"name":"A"}'}
        given = {"FromEmailAddress": NEWS, "Subject": "Hi", "Template": template}
        code = await world.one.refused("SendEmail", Destination=["b@x.test", "c@y.test"], **given)
        assert code == "FailedOperation.ExceedSendLimit"
        assert (await report(world))["OverallVolume"] == volume(day(world), 3, 1)
        found = await report(world, Domain="mail.example.test", ReceivingMailboxType="y.test")
        assert found["OverallVolume"] == volume(day(world), 1)


async def test_dates_that_make_no_report(world):
    today = local(world.clock.now(), ZONE).date()
    longest = {"StartDate": str(today - timedelta(days=365)), "EndDate": str(today)}
    assert len((await report(world, **longest))["DailyVolumes"]) == 366
    for changes in (
        {"StartDate": "yesterday"},
        {"StartDate": ""},
        {"EndDate": "2026-02-30"},
        {"EndDate": f"{today}\n"},
        {"StartDate": "0001-01-01"},
        {"StartDate": str(today + timedelta(days=1))},
        {"StartDate": str(today - timedelta(days=366))},
        {"StartDate": "1971-01-01", "EndDate": "9998-12-31"},
    ):
        given = {"StartDate": str(today), "EndDate": str(today)} | changes
        code = await world.one.refused("GetStatisticsReport", **given)
        assert code == "InvalidParameterValue.WrongDate", changes
    missing = await world.one.refused("GetStatisticsReport", StartDate=str(today))
    assert missing == "MissingParameter"


async def complained(world: World):
    """Have two recipients of a mail complain three weeks later; return its MessageId."""
    message_id = await sent(world, "a@x.test", "B@Y.test", "c@x.test")
    states = {"a@x.test": State.DELIVERED, "B@y.test": State.DELIVERED, "c@x.test": State.BOUNCED}
    leased = await settle(world, states)
    later = world.clock.now() + 21 * DAY
    await react(world, leased["B@y.test"], EventKind.SPAMREPORT, at=later, source_ip="192.0.2.9")
    await react(world, leased["a@x.test"], EventKind.SPAMREPORT, at=later + 5_000)
    await react(world, leased["c@x.test"], EventKind.OPEN, at=later)
    return message_id


async def abuse(world: World, client=None, **given):
    given = {"StartTime": day(world), "EndTime": day(world)} | given
    return await (client or world.one).call("GetAbuseReport", **given)


async def test_complaints_about_the_mail_of_a_day(world):
    message_id = await complained(world)
    found = await abuse(world)
    assert found["TotalCount"] == 2
    written = local(world.clock.now(), ZONE)
    at = (written + timedelta(days=21)).strftime("%Y-%m-%d %H:%M:%S")
    assert found["Data"][0] == {
        "DeliverTime": written.strftime("%Y-%m-%d %H:%M:%S"),
        "OriginalMailFrom": NEWS,
        "OriginalRcptTo": "B@y.test",
        "FromDomain": "mail.example.test",
        "ComplainTime": at,
        "Mta": "y.test",
        "SourceIp": "192.0.2.9",
        "InsertTime": at,
        "TemplateId": "1",
        "BulkId": message_id,
        "MessageId": f"{message_id}@mail.example.test",
        "AbuseTime": at,
        "Subject": "Hi",
    }
    assert found["Data"][1]["OriginalRcptTo"] == "a@x.test"
    for filters, total in (
        ({"FromDomain": "MAIL.example.test"}, 2),
        ({"FromDomain": "example.test"}, 0),
        ({"FromDomain": "%"}, 0),
        ({"FromAddress": "News@mail.example.test"}, 2),
        ({"FromAddress": "other@mail.example.test"}, 0),
        ({"Mta": "X.test"}, 1),
        ({"ToAddress": "b@y.test"}, 1),
        ({"ToAddress": "b@y.test", "Mta": "x.test"}, 0),
        ({"TemplateId": "1"}, 2),
        ({"TemplateId": "2"}, 0),
        ({"TemplateId": "", "Mta": "", "FromDomain": "", "FromAddress": "", "ToAddress": ""}, 2),
        ({"StartTime": day(world, -9), "EndTime": day(world, -1)}, 0),
        ({"StartTime": day(world, 1), "EndTime": day(world, 30)}, 0),
        ({"StartTime": day(world, -9), "EndTime": day(world, 30)}, 2),
    ):
        found = await abuse(world, **filters)
        assert (found["TotalCount"], len(found["Data"])) == (total, total), filters
    nothing = {"Data": [], "TotalCount": 0}
    assert await abuse(world, world.two) == nothing


async def test_pages_of_complaints(world):
    await complained(world)
    second = await abuse(world, Offset=1, Limit=1)
    assert (second["TotalCount"], second["Data"][0]["OriginalRcptTo"]) == (2, "a@x.test")
    for page in ({"Offset": 2}, {"Limit": 0}, {"Offset": 2**63 - 1, "Limit": 1000}):
        assert await abuse(world, **page) == {"Data": [], "TotalCount": 2}


async def test_abuse_reports_that_are_refused(world):
    for changes, code in (
        ({"StartTime": "x"}, "InvalidParameter.InvalidStartTimeFormat"),
        ({"StartTime": "2026-13-01"}, "InvalidParameter.InvalidStartTimeFormat"),
        ({"EndTime": ""}, "InvalidParameter.InvalidEndTimeFormat"),
        ({"EndTime": day(world, -1)}, "InvalidParameter.InvalidEndTimeFormat"),
        ({"Limit": 1001}, "FailedOperation.InvalidLimit"),
        ({"Limit": -1}, "InvalidParameterValue"),
        ({"Offset": -1}, "InvalidParameterValue"),
        ({"TemplateId": "one"}, "InvalidParameterValue"),
        ({"TemplateId": "9" * 30}, "InvalidParameterValue"),
    ):
        given = {"StartTime": day(world), "EndTime": day(world)} | changes
        assert await world.one.refused("GetAbuseReport", **given) == code, changes
    assert await world.one.refused("GetAbuseReport", EndTime=day(world)) == "MissingParameter"
