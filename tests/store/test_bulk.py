"""Bulk tasks: created by the SDK, worked on step by step, on both databases."""

import datetime as dt
import json

import pytest
from sqlalchemy import select
from tests.support.api_world import ZONE, api_world, b64

from tayori.app.tasks import outcomes_of
from tayori.bulk.aside_store import AsideStore
from tayori.bulk.choosing import Choosing, ChoosingNeeds
from tayori.bulk.dealing import MOST_ASIDE
from tayori.bulk.expanding import submission_for
from tayori.bulk.first_store import FirstStore
from tayori.bulk.model import TaskStatus
from tayori.bulk.progress import Part, concerns_all, progress
from tayori.bulk.runner import LEASE_MS, Runner, RunnerNeeds
from tayori.bulk.store import TaskStore
from tayori.config.tree import BulkSettings
from tayori.db.statement import Statement
from tayori.db.tables.events import event
from tayori.db.tables.queue import message, recipient
from tayori.reputation.engagement_store import EngagementStore
from tayori.reputation.pace import Pace
from tayori.reputation.provider_store import ProviderStore
from tayori.reputation.standing import Quotas
from tayori.runtime.clock import HOUR, day_of, day_range

PAGE = {"Offset": 0, "Limit": 100}
_SENT = Statement(
    select(recipient.c.address, recipient.c.priority, message.c.subject, message.c.task_id)
    .select_from(recipient.join(message, message.c.id == recipient.c.message_id))
    .order_by(recipient.c.id)
)
_REFUSED = Statement(select(event.c.data).where(event.c.kind == "refused").order_by(event.c.id))


@pytest.fixture
async def world(database):
    async with api_world(database, level_per_day=(450, 10_000), account_per_day=0) as made:
        yield made


def runner(world, *, hour_share=1.0, provider_share=1.0, most_aside=MOST_ASIDE, **rules):
    services = world.services
    quotas = Quotas(services.policy, ZONE, hour_share=hour_share, provider_share=provider_share)
    return Runner(
        RunnerNeeds(
            store=TaskStore(world.database),
            accounts=world.accounts,
            receivers=services.receivers,
            choosing=Choosing(
                ChoosingNeeds(
                    receivers=services.receivers,
                    engagement=EngagementStore(world.database),
                    first=FirstStore(world.database),
                    aside=AsideStore(world.database),
                    providers=ProviderStore(world.database),
                    days=BulkSettings(**rules).engaged_days,
                    most_aside=most_aside,
                )
            ),
            door=services.door,
            pace=Pace(world.database, world.clock, quotas),
            outcomes=outcomes_of(world.database),
            rules=BulkSettings(**rules),
            clock=world.clock,
            end_of_day=quotas.end_of_day,
        )
    )


async def all_steps(world, **rules):
    worker = runner(world, **rules)
    steps = 0
    while await worker.step():
        steps += 1
        assert steps < 100
    return steps


async def listed(world, count, *, client=None, **values):
    client = client or world.one
    number = (await client.call("CreateReceiver", ReceiversName=f"list of {count}"))["ReceiverId"]
    datas = [
        {"Email": f"u{n}@r.test", "TemplateData": json.dumps({"name": f"U{n}", **values})}
        for n in range(count)
    ]
    await client.call("CreateReceiverDetailWithData", ReceiverId=number, Datas=datas)
    return number


def ask(list_id, template, **changes):
    return {
        "FromEmailAddress": "News <news@mail.example.test>",
        "ReceiverId": list_id,
        "Subject": "For {{name}}",
        "TaskType": 1,
        "Template": {"TemplateID": template, "TemplateData": "{}"},
        **changes,
    }


async def task(world, **filters):
    (found,) = (await world.one.call("ListSendTasks", **PAGE, **filters))["Data"]
    return found


async def sent(world):
    async with world.database.read() as transaction:
        return await transaction.fetch(_SENT)


async def refused(world):
    async with world.database.read() as transaction:
        return [json.loads(row["data"]) for row in await transaction.fetch(_REFUSED)]


def written(at):
    return dt.datetime.fromtimestamp(at / 1000, ZONE).strftime("%Y-%m-%d %H:%M:%S")


async def test_an_immediate_task_writes_to_each_receiver_alone_and_in_order(world):
    template = await world.ready(world.one)
    number = await listed(world, 420)
    made = await world.one.call("BatchSendEmail", **ask(number, template))
    waiting = await task(world)
    assert (waiting["TaskStatus"], waiting["RequestCount"], waiting["SendCount"]) == (1, 420, 0)
    assert waiting["TaskId"] == made["TaskId"]
    assert waiting["ReceiversName"] == "list of 420"
    assert waiting["Template"] == {"TemplateID": template, "TemplateData": "{}"}
    assert (waiting["CycleParam"], waiting["TimedParam"], waiting["ErrMsg"]) == (None, None, "")
    worker = runner(world)
    assert await worker.step()
    sending = await task(world)
    assert (sending["TaskStatus"], sending["SendCount"]) == (5, 200)
    assert await all_steps(world) == 2
    finished = await task(world)
    assert (finished["TaskStatus"], finished["SendCount"], finished["CacheCount"]) == (10, 420, 0)
    rows = await sent(world)
    assert [row["address"] for row in rows] == [f"u{n}@r.test" for n in range(420)]
    assert {row["task_id"] for row in rows} == {made["TaskId"]}
    assert {row["priority"] for row in rows} == {2}
    status = await world.one.call(
        "GetSendEmailStatus",
        RequestDate=day_of(world.clock.now(), ZONE),
        ToEmailAddress="u7@r.test",
        **PAGE,
    )
    assert [row["DeliverStatus"] for row in status["EmailStatusList"]] == [0]


async def test_a_full_day_pauses_a_task_until_the_next_one(world):
    template = await world.ready(world.one)
    number = await listed(world, 600)
    await world.one.call("BatchSendEmail", **ask(number, template))
    await all_steps(world)
    paused = await task(world)
    assert (paused["TaskStatus"], paused["SendCount"], paused["CacheCount"]) == (6, 450, 150)
    assert await refused(world) == []
    now = world.clock.now()
    world.clock.advance(day_range(day_of(now, ZONE), ZONE)[1] - now - 1)
    assert await all_steps(world) == 0
    world.clock.advance(1)
    assert await all_steps(world) > 0
    async with world.database.read() as transaction:
        rows = await transaction.fetch(_SENT)
    assert [row["address"] for row in rows] == [f"u{n}@r.test" for n in range(600)]
    found = await TaskStore(world.database).get(paused["TaskId"])
    assert (found.status, found.sent, found.cached) == (TaskStatus.FINISHED, 600, 0)


async def test_a_timed_task_waits_for_its_time(world):
    template = await world.ready(world.one)
    number = await listed(world, 3)
    begins_at = (world.clock.now() // 1000 + 100) * 1000
    timed = {"TaskType": 2, "TimedParam": {"BeginTime": written(begins_at)}}
    await world.one.call("BatchSendEmail", **ask(number, template, **timed))
    assert await all_steps(world) == 0
    assert (await task(world, TaskType=2))["TimedParam"] == timed["TimedParam"]
    world.clock.advance(begins_at - world.clock.now())
    assert await all_steps(world) == 1
    assert len(await sent(world)) == 3


async def test_a_cyclic_task_comes_again_with_the_list_as_it_is_then(world):
    template = await world.ready(world.one)
    number = await listed(world, 2)
    begins_at = (world.clock.now() // 1000 + 10) * 1000
    cycle = {"BeginTime": written(begins_at), "IntervalTime": 2}
    asked = ask(number, template, TaskType=3, CycleParam=cycle)
    made = await world.one.call("BatchSendEmail", **asked)
    assert (await task(world))["CycleParam"] == {**cycle, "TermCycle": 0}
    world.clock.advance(begins_at - world.clock.now())
    assert await all_steps(world) == 1
    again = await task(world)
    assert (again["TaskStatus"], again["SendCount"]) == (1, 2)
    more = [{"Email": "late@r.test", "TemplateData": '{"name": "Late"}'}]
    await world.one.call("CreateReceiverDetailWithData", ReceiverId=number, Datas=more)
    # A server that stood still for three cycles takes up the next one only.
    world.clock.advance(5 * HOUR)
    assert await all_steps(world) == 1
    found = await TaskStore(world.database).get(made["TaskId"])
    assert (found.sent, found.requested, found.run) == (3, 3, 2)
    assert len(await sent(world)) == 5
    world.clock.advance(HOUR)
    assert await all_steps(world) == 1


async def test_a_cycle_that_is_ended_runs_once(world):
    template = await world.ready(world.one)
    number = await listed(world, 2)
    begins = written(world.clock.now() + 5_000)
    cycle = {"BeginTime": begins, "IntervalTime": 1, "TermCycle": 1}
    await world.one.call("BatchSendEmail", **ask(number, template, TaskType=3, CycleParam=cycle))
    world.clock.advance(6_000)
    assert await all_steps(world) == 1
    assert (await task(world, Status=10))["TaskStatus"] == 10


async def test_a_receiver_that_cannot_be_written_to_is_passed_over_with_an_event(world):
    template = await world.ready(world.one)
    number = await listed(world, 3)
    await world.one.call("CreateCustomBlacklist", Emails=["u1@r.test"])
    await world.one.call("BatchSendEmail", **ask(number, template))
    await all_steps(world)
    done = await task(world)
    assert (done["TaskStatus"], done["RequestCount"], done["SendCount"]) == (10, 3, 2)
    assert [row["address"] for row in await sent(world)] == ["u0@r.test", "u2@r.test"]
    (why,) = await refused(world)
    assert why["code"] == "FailedOperation.EmailAddrInBlacklist"


async def test_a_reason_that_concerns_all_stops_a_task_until_it_is_resumed(world):
    template = await world.ready(world.one)
    number = await listed(world, 250)
    made = await world.one.call("BatchSendEmail", **ask(number, template))
    assert await runner(world).step()
    await world.one.call("DeleteEmailAddress", EmailAddress="news@mail.example.test")
    assert await all_steps(world) == 1
    failed = await task(world)
    assert (failed["TaskStatus"], failed["SendCount"]) == (7, 200)
    assert "news@mail.example.test" in failed["ErrMsg"]
    assert await refused(world) == []
    await world.one.call("CreateEmailAddress", EmailAddress="news@mail.example.test")
    assert await world.services.tasks.resume(made["TaskId"])
    assert await all_steps(world) == 1
    finished = await task(world)
    assert (finished["TaskStatus"], finished["SendCount"], finished["ErrMsg"]) == (10, 250, "")


async def test_a_deleted_list_stops_its_task(world):
    template = await world.ready(world.one)
    number = await listed(world, 3)
    await world.one.call("BatchSendEmail", **ask(number, template))
    await world.one.call("DeleteReceiver", ReceiverId=number)
    await all_steps(world)
    assert (await task(world))["TaskStatus"] == 7
    assert await sent(world) == []


async def test_a_task_can_be_paused_and_one_at_its_end_cannot(world):
    template = await world.ready(world.one)
    number = await listed(world, 250)
    made = await world.one.call("BatchSendEmail", **ask(number, template))
    assert await runner(world).step()
    assert await world.services.tasks.pause(made["TaskId"])
    assert not await world.services.tasks.pause(made["TaskId"])
    assert await all_steps(world) == 0
    found = await task(world)
    assert (found["TaskStatus"], found["SendCount"], found["CacheCount"]) == (6, 200, 50)
    assert found["ErrMsg"] == "The task was paused."
    assert await world.services.tasks.resume(made["TaskId"])
    await all_steps(world)
    assert len(await sent(world)) == 250
    assert not await world.services.tasks.pause(made["TaskId"])
    assert await world.services.tasks.cancel(made["TaskId"]) is None
    assert not await world.services.tasks.resume(made["TaskId"])


async def test_tasks_take_turns(world):
    template = await world.ready(world.one)
    first, second = await listed(world, 210), await listed(world, 211)
    for number in (first, second):
        await world.one.call("BatchSendEmail", **ask(number, template))
    worker = runner(world)
    for _ in range(2):
        world.clock.advance(1)
        assert await worker.step()
    tasks = (await world.one.call("ListSendTasks", **PAGE))["Data"]
    assert [found["SendCount"] for found in tasks] == [200, 200]


async def test_who_lost_the_lease_takes_nothing(world):
    template = await world.ready(world.one)
    number = await listed(world, 5)
    await world.one.call("BatchSendEmail", **ask(number, template))

    store, now = TaskStore(world.database), world.clock.now()
    held = await store.claim("slow", now, now + LEASE_MS)
    assert await all_steps(world) == 0
    world.clock.advance(LEASE_MS)
    assert await all_steps(world) == 1
    receivers = await world.services.receivers.after(number, 0, 2**62, 5)
    part = Part(receivers=receivers, repeated=frozenset(), reached=receivers[-1].id)
    account = await world.accounts.get(held.account_id)
    wishes = [
        submission_for(account, held.order, one, task_id=held.id, ad_mark="x") for one in receivers
    ]

    async def along(transaction, stretch):
        after, _ = progress(held, part, stretch, now)
        return await store.advance(transaction, after, "slow", now)

    assert (
        await world.services.door.accept_in_order(account.id, wishes, concerns_all, along) is None
    )
    assert len(await sent(world)) == 5
    assert (await task(world))["SendCount"] == 5


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"TaskType": 4}, "InvalidParameterValue"),
        ({"TaskType": 2}, "MissingParameter.TimedParamNecessary"),
        ({"TaskType": 3}, "MissingParameter.CycleParamNecessary"),
        (
            {"TaskType": 2, "TimedParam": {"BeginTime": "2021-01-01 00:00:00"}},
            "InvalidParameterValue.BeginTimeBeforeNow",
        ),
        ({"TaskType": 2, "TimedParam": {"BeginTime": "soon"}}, "InvalidParameterValue"),
        (
            {"TaskType": 3, "CycleParam": {"BeginTime": "2099-01-01 00:00:00", "IntervalTime": 0}},
            "InvalidParameterValue",
        ),
        ({"Template": None}, "MissingParameter.SendParamNecessary"),
        ({"FromEmailAddress": " "}, "MissingParameter.SendParamNecessary"),
        ({"ReceiverId": 999_999}, "OperationDenied.ReceiverNotExist"),
        ({"FromEmailAddress": "who@mail.example.test"}, "OperationDenied.SendAddressStatusError"),
        ({"FromEmailAddress": "who@other.test"}, "OperationDenied.SendAddressStatusError"),
        (
            {"Template": {"TemplateID": 999_999, "TemplateData": "{}"}},
            "OperationDenied.TemplateStatusError",
        ),
        ({"Subject": "x" * 999}, "InvalidParameterValue.SubjectLengthError"),
        ({"Subject": "{{unknown}}"}, "InvalidParameterValue.TemplateNotMatchData"),
        ({"Subject": "two\nlines"}, "InvalidParameterValue.EmailContentIsWrong"),
        ({"Simple": {"Html": b64("<p>x</p>")}}, "InvalidParameterValue.EmailContentIsWrong"),
        (
            {"Attachments": [{"FileName": "a.txt", "Content": b64("x")}]},
            "InvalidParameterValue",
        ),
        ({"ADLocation": 3}, "InvalidParameterValue"),
        ({"Unsubscribe": "13"}, "InvalidParameterValue"),
    ],
)
async def test_what_is_wrong_with_a_task_is_said_when_it_is_created(world, changes, code):
    template = await world.ready(world.one)
    number = await listed(world, 1)
    asked = {k: v for k, v in ask(number, template, **changes).items() if v is not None}
    assert await world.one.refused("BatchSendEmail", **asked) == code
    assert (await world.one.call("ListSendTasks", **PAGE))["TotalCount"] == 0


async def test_what_a_task_needs_may_be_missing(world):
    template = await world.ready(world.one)
    empty = (await world.one.call("CreateReceiver", ReceiversName="empty"))["ReceiverId"]
    code = await world.one.refused("BatchSendEmail", **ask(empty, template))
    assert code == "OperationDenied.ReceiverStatusError"
    number = await listed(world, 1)
    wrong = {"TemplateID": template, "TemplateData": "[]"}
    code = await world.one.refused("BatchSendEmail", **ask(number, template, Template=wrong))
    assert code == "InvalidParameterValue.TemplateDataError"
    large = {"TemplateID": template, "TemplateData": json.dumps({"more": "x" * 5_000_000})}
    text = "Your parcel was handed to the courier today, as agreed with you. " * 4
    page = await world.template(world.one, f"<p>{text}{{{{name}}}}{{{{more}}}}</p>")
    asked = ask(number, page, Template={**large, "TemplateID": page})
    code = await world.one.refused("BatchSendEmail", **asked)
    assert code == "FailedOperation.EmailContentToolarge"
    assert await world.one.refused("ListSendTasks", Offset=0, Limit=101) == (
        "FailedOperation.InvalidLimit"
    )


async def test_the_mark_of_an_advertisement_stands_where_it_is_wanted(world):
    template = await world.ready(world.one)
    number = await listed(world, 1)
    for place in (0, 1, 2):
        await world.one.call("BatchSendEmail", **ask(number, template, ADLocation=place))
    await all_steps(world)
    subjects = [row["subject"] for row in await sent(world)]
    assert sorted(subjects) == ["(AD) For {{name}}", "For {{name}}", "For {{name}} (AD)"]


async def test_an_account_sees_its_own_tasks_and_filters_them(world):
    template = await world.ready(world.one)
    number = await listed(world, 1)
    await world.one.call("BatchSendEmail", **ask(number, template))
    for filters, count in (
        ({}, 1),
        ({"Status": 1}, 1),
        ({"Status": 10}, 0),
        ({"ReceiverId": number}, 1),
        ({"ReceiverId": number + 1}, 0),
        ({"TaskType": 2}, 0),
    ):
        found = await world.one.call("ListSendTasks", **PAGE, **filters)
        assert found["TotalCount"] == len(found["Data"]) == count
    assert (await world.two.call("ListSendTasks", **PAGE))["TotalCount"] == 0
    await world.ready(world.two, "other.example.test")
    code = await world.two.refused("BatchSendEmail", **ask(number, template))
    assert code == "OperationDenied.ReceiverNotExist"


async def test_no_task_over_a_list_that_is_still_being_filled(world):
    template = await world.ready(world.one)
    number = await listed(world, 1_100)
    code = await world.one.refused("BatchSendEmail", **ask(number, template))
    assert code == "OperationDenied.ReceiverStatusError"
    assert await world.store_uploads() == 2
    await world.one.call("BatchSendEmail", **ask(number, template))
    assert (await task(world))["RequestCount"] == 1_100


async def test_a_run_waits_for_those_on_their_way_into_its_list(world):
    template = await world.ready(world.one)
    number = await listed(world, 300)
    await world.one.call("BatchSendEmail", **ask(number, template))
    datas = [{"Email": f"v{n}@r.test", "TemplateData": '{"name": "V"}'} for n in range(1_001)]
    await world.one.call("CreateReceiverDetailWithData", ReceiverId=number, Datas=datas)
    assert await all_steps(world) == 1
    assert ((await task(world))["TaskStatus"], len(await sent(world))) == (1, 0)
    await world.store_uploads()
    world.clock.advance(1_000)
    assert await runner(world).step()
    found = await task(world)
    assert (found["TaskStatus"], found["SendCount"], found["RequestCount"]) == (5, 200, 1_301)
