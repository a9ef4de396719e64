"""Tasks over days: shares of a domain, cycles, passed over receivers, budgets, failures, resending.

Time stands still until it is moved, so the tables in here are worked out by hand.
"""

import json

import pytest
from tests.store.test_api_reports import settle
from tests.store.test_bulk import all_steps, ask, listed, refused, runner, sent, written
from tests.store.test_queue import OK
from tests.support.api_world import ZONE, api_world

from tayori.bulk.failure_store import Place
from tayori.bulk.model import Cause, Filters, Order, Skipped, TaskKind, TaskStatus
from tayori.bulk.outlook_store import OutlookStore
from tayori.bulk.store import NEWEST_FIRST, TaskStore
from tayori.events.feed_store import Horizon
from tayori.queue.model import Settlement
from tayori.queue.states import State
from tayori.runtime.clock import DAY, HOUR, SECOND, day_of, day_range
from tayori.stats.rollup import RollUp
from tayori.suppress.model import Target


@pytest.fixture
async def world(database):
    async with api_world(database, level_per_day=(450, 10_000), account_per_day=0) as made:
        yield made


async def found(world, made):
    return await TaskStore(world.database).get(made["TaskId"])


async def run_day(world):
    """Do everything that can be done at this moment, and during the seconds of taking turns."""
    steps = await all_steps(world)
    for _ in range(4):
        world.clock.advance(SECOND)
        steps += await all_steps(world)
    return steps


async def count_events(world):
    rollup = RollUp(store=world.services.stats, horizon=Horizon(world.database), zone=ZONE)
    for _ in range(3):
        await rollup.run()


def to_midnight(world):
    now = world.clock.now()
    world.clock.advance(day_range(day_of(now, ZONE), ZONE)[1] - now)


async def test_two_tasks_share_the_day_of_their_domain(world):
    template = await world.ready(world.one)
    large, small = await listed(world, 600), await listed(world, 300)
    first = await world.one.call("BatchSendEmail", **ask(large, template))
    second = await world.one.call("BatchSendEmail", **ask(small, template))
    # 450 a day. Day 1: half each. Day 2: the small one needs 75, the large one has the rest.
    for of_first, of_second in (
        ((225, 375, TaskStatus.PAUSED), (225, 75, TaskStatus.PAUSED)),
        ((600, 0, TaskStatus.FINISHED), (300, 0, TaskStatus.FINISHED)),
    ):
        await run_day(world)
        for made, expected in ((first, of_first), (second, of_second)):
            task = await found(world, made)
            assert (task.sent, task.cached, task.status) == expected
            assert task.requested == task.sent + task.cached
        to_midnight(world)
    assert len(await sent(world)) == 900


async def test_who_comes_later_in_the_day_catches_up(world):
    template = await world.ready(world.one)
    first = await world.one.call("BatchSendEmail", **ask(await listed(world, 100), template))
    await run_day(world)
    # 350 are left of the day; the newcomers are equal, whatever the one before has had.
    later = [
        await world.one.call("BatchSendEmail", **ask(await listed(world, 400 + n), template))
        for n in range(3)
    ]
    await run_day(world)
    assert (await found(world, first)).status is TaskStatus.FINISHED
    counts = [(await found(world, made)).sent for made in later]
    assert sorted(counts) == [116, 117, 117]


async def test_a_cycle_over_a_month(world):
    template = await world.ready(world.one)
    number = await listed(world, 3)
    begins_at = (world.clock.now() // 1000 + 10) * 1000
    cycle = {"BeginTime": written(begins_at), "IntervalTime": 24}
    made = await world.one.call(
        "BatchSendEmail", **ask(number, template, TaskType=3, CycleParam=cycle)
    )
    world.clock.advance(begins_at - world.clock.now())
    # By hand: 30 runs; on the tenth day a receiver joins: 10 * 3 + 20 * 4 mails.
    for day in range(30):
        await all_steps(world)
        task = await found(world, made)
        assert (task.run, task.status, task.due_at) == (
            day + 1,
            TaskStatus.WAITING,
            begins_at + (day + 1) * DAY,
        )
        assert (task.requested, task.sent) == ((3, 3) if day < 10 else (4, 4))
        if day == 9:
            # Not by the API: its signatures know what time it is.
            more = [("late@r.test", '{"name": "Late"}')]
            await world.services.receivers.add_with_data(world.one.account.id, number, more)
        world.clock.advance(DAY)
    assert len(await sent(world)) == 110


async def test_a_cycle_that_ends_on_a_day(world):
    template = await world.ready(world.one)
    number = await listed(world, 2)
    begins_at = world.clock.now() + HOUR
    order = Order(
        kind=TaskKind.CYCLIC,
        list_id=number,
        sender="news@mail.example.test",
        subject="For {{name}}",
        template_id=template,
        begins_at=begins_at,
        interval_h=24,
        ends_at=begins_at + 2 * DAY,
    )
    made = await world.services.tasks.create(world.one.account, order)
    world.clock.advance(HOUR)
    runs = []
    for _ in range(5):
        await all_steps(world)
        task = await TaskStore(world.database).get(made)
        runs.append((task.status, task.due_at))
        world.clock.advance(DAY)
    # By hand: at the beginning, after a day, and after two days, which is the end itself.
    assert runs == [
        (TaskStatus.WAITING, begins_at + DAY),
        (TaskStatus.WAITING, begins_at + 2 * DAY),
        *[(TaskStatus.FINISHED, None)] * 3,
    ]
    assert len(await sent(world)) == 6


async def test_whoever_joins_a_list_belongs_to_the_next_run(world):
    template = await world.ready(world.one)
    number = await listed(world, 500)
    made = await world.one.call("BatchSendEmail", **ask(number, template))
    await run_day(world)
    assert (await found(world, made)).cached == 50
    more = [{"Email": "late@r.test", "TemplateData": '{"name": "Late"}'}]
    await world.one.call("CreateReceiverDetailWithData", ReceiverId=number, Datas=more)
    to_midnight(world)
    await run_day(world)
    task = await found(world, made)
    assert (task.status, task.requested, task.sent) == (TaskStatus.FINISHED, 500, 500)


async def with_failures(world):
    """Make a task whose receivers are passed over for every reason; return its answer."""
    text = "Your parcel was handed to the courier today, as agreed with you. " * 4
    template = await world.template(world.one, f"<p>Hi {{{{name}}}}: {{{{code}}}}. {text}</p>")
    number = (await world.one.call("CreateReceiver", ReceiversName="mixed"))["ReceiverId"]

    def datas(*names):
        return [{"Email": f"{n}@r.test", "TemplateData": json.dumps({"name": n})} for n in names]

    fill = ("CreateReceiverDetailWithData",)
    await world.one.call(*fill, ReceiverId=number, Datas=datas("a", "b", "black", "c"))
    await world.one.call(*fill, ReceiverId=number, Datas=datas("A", "b", "d"))
    await world.one.call("CreateCustomBlacklist", Emails=["black@r.test"])
    page = {"TemplateID": template, "TemplateData": '{"code": "7"}'}
    return await world.one.call("BatchSendEmail", **ask(number, template, Template=page))


async def test_whoever_is_passed_over_is_counted_and_listed(world):
    await world.ready(world.one)
    made = await with_failures(world)
    await run_day(world)
    task = await found(world, made)
    assert (task.status, task.requested, task.sent) == (TaskStatus.FINISHED, 7, 4)
    assert task.skipped == Skipped(duplicates=2, blacklisted=1)
    assert task.remaining == 0
    assert [row["address"] for row in await sent(world)] == [f"{n}@r.test" for n in "abcd"]
    tasks = world.services.tasks
    failures = [(one.address, one.kind) async for one in tasks.failures(task.id)]
    assert failures == [
        ("black@r.test", "blacklisted"),
        ("A@r.test", "duplicate"),
        ("b@r.test", "duplicate"),
    ]
    # Only what the door refused is an event.
    assert [why["code"] for why in await refused(world)] == ["FailedOperation.EmailAddrInBlacklist"]


async def test_failed_receivers_are_resent_once_with_their_own_values(world):
    await world.ready(world.one)
    made = await with_failures(world)
    await run_day(world)
    ends = {"a": State.DELIVERED, "b": State.BOUNCED, "c": State.EXPIRED, "d": State.DROPPED}
    await settle(world, {f"{name}@r.test": state for name, state in ends.items()})
    tasks, account = world.services.tasks, world.one.account
    failures = [one async for one in tasks.failures(made["TaskId"])]
    assert [(one.address, one.kind, str(one.detail)) for one in failures[3:]] == [
        ("b@r.test", "bounced", "said"),
        ("c@r.test", "expired", "said"),
        ("d@r.test", "dropped", "said"),
    ]
    number = await tasks.resend(account, made["TaskId"])
    assert (await TaskStore(world.database).get(number)).resends == made["TaskId"]
    await run_day(world)
    rows = [row["address"] for row in await sent(world) if row["task_id"] == number]
    assert sorted(rows) == ["b@r.test", "c@r.test", "d@r.test"]
    again = await tasks.resend(account, made["TaskId"])
    assert again.detail == f"Task {made['TaskId']} was resent as task {number}; resend that one."
    none = await tasks.resend(account, number)
    assert none.detail == f"Task {number} has no failures to resend."
    other = await tasks.resend(world.two.account, made["TaskId"])
    assert other.detail == f"There is no task {made['TaskId']}."


async def test_a_cancelled_task_sends_nothing_more(world):
    template = await world.ready(world.one)
    made = await world.one.call("BatchSendEmail", **ask(await listed(world, 460), template))
    await all_steps(world)
    tasks = world.services.tasks
    assert await tasks.cancel(made["TaskId"], "Wrong link.") == 450
    task = await found(world, made)
    assert (task.status, task.cause, str(task.error)) == (
        TaskStatus.FAILED,
        Cause.CANCELLED,
        "Wrong link.",
    )
    now = world.clock.now()
    assert await world.services.queue.lease("d", now + DAY, now + 2 * DAY, 10) == []
    assert not await tasks.resume(made["TaskId"])
    assert await tasks.cancel(made["TaskId"]) is None
    to_midnight(world)
    assert await all_steps(world) == 0


async def test_too_many_bounces_pause_a_task_until_somebody_resumes_it(world):
    template = await world.ready(world.one)
    made = await world.one.call("BatchSendEmail", **ask(await listed(world, 440), template))
    rules = {"minimum_sample": 20, "most_waiting": 100}
    # It takes 200, and then waits for delivery.
    assert await runner(world, **rules).step()
    await count_events(world)
    world.clock.advance(2 * SECOND)
    assert await all_steps(world, **rules) == 1
    assert (await found(world, made)).sent == 200
    ends = {f"u{n}@r.test": State.BOUNCED if n < 12 else State.DELIVERED for n in range(200)}
    for _ in range(4):
        await settle(world, ends)
    await count_events(world)
    world.clock.advance(2 * SECOND)
    assert await all_steps(world, **rules) == 1
    task = await found(world, made)
    assert (task.status, task.cause, task.cached) == (TaskStatus.PAUSED, Cause.BUDGET, 240)
    assert task.error.english == "12 of 200 bounced (6.0%); bulk.most_bounced allows 5.0%."
    to_midnight(world)
    assert await all_steps(world, **rules) == 0
    assert await world.services.tasks.resume(task.id)
    assert await all_steps(world, **rules) == 2
    task = await found(world, made)
    assert (task.status, task.sent) == (TaskStatus.FINISHED, 440)


async def test_the_hour_s_share_is_waited_for_and_the_counts_add_up_all_the_time(database):
    policy = {"level_per_day": (450, 10_000), "account_per_day": 0}
    async with api_world(database, hour_share=0.2, **policy) as world:
        template = await world.ready(world.one)
        made = await world.one.call("BatchSendEmail", **ask(await listed(world, 500), template))
        to_midnight(world)
        seen = []
        for _ in range(26):
            await all_steps(world, hour_share=0.2)
            task = await found(world, made)
            assert task.requested == task.sent + sum(task.skipped) + task.remaining
            seen.append((task.sent, task.status, task.cached))
            world.clock.advance(HOUR)
    # By hand: 450 * 0.2 = 90 an hour, five hours; then the rest waits for the next day.
    hours = [(90 * n, TaskStatus.SENDING, 0) for n in range(1, 5)]
    whole_day = (450, TaskStatus.PAUSED, 50)
    assert seen[:4] == hours
    assert seen[4:24] == [whole_day] * 20
    assert seen[24:] == [(500, TaskStatus.FINISHED, 0)] * 2


async def test_the_unsent_mails_of_a_suspended_account_fail(world):
    template = await world.ready(world.one)
    made = await world.one.call("BatchSendEmail", **ask(await listed(world, 300), template))
    assert await runner(world).step()
    await world.accounts.suspend(world.one.account.id, "Spam.")
    assert await all_steps(world) == 1
    task = await found(world, made)
    assert (task.status, task.cause, task.sent) == (TaskStatus.FAILED, Cause.REFUSED, 200)
    assert "Spam." in task.error.english
    await world.accounts.resume(world.one.account.id)
    assert await world.services.tasks.resume(task.id)
    assert await all_steps(world) == 1
    task = await found(world, made)
    assert (task.status, task.sent, str(task.error)) == (TaskStatus.FINISHED, 300, "")


async def test_tasks_are_listed_by_key_and_narrowed(world):
    template = await world.ready(world.one)
    number = await listed(world, 2)
    made = []
    for n in range(7):
        order = ask(number, template, Subject=f"Offer {n} 100% {{{{name}}}}")
        made.append((await world.one.call("BatchSendEmail", **order))["TaskId"])
    await world.services.tasks.pause(made[3])
    tasks, account = world.services.tasks, world.one.account.id
    seen, key = [], NEWEST_FIRST
    while key is not None:
        page, key = await tasks.before(account, Filters(), key, 3)
        assert len(page) <= 3
        seen += [task.id for task in page]
    assert seen == made[::-1]
    for filters, expected in (
        (Filters(status=6), [made[3]]),
        (Filters(text="offer 5"), [made[5]]),
        (Filters(text="100%"), made[::-1]),
        (Filters(text="100_"), []),
        (Filters(text="NEWS@"), made[::-1]),
        (Filters(list_id=number + 1), []),
    ):
        page, key = await tasks.before(account, filters, NEWEST_FIRST, 50)
        assert ([task.id for task in page], key) == (expected, None), filters
    assert await tasks.before(world.two.account.id, Filters(), NEWEST_FIRST, 50) == ([], None)


async def test_failures_come_in_pages_with_their_class(world):
    await world.ready(world.one)
    made = await with_failures(world)
    await run_day(world)
    task, now = await found(world, made), world.clock.now()
    queue = world.services.queue
    settled = [
        Settlement(
            recipient=leased,
            state=State.DELIVERED if leased.address == "a@r.test" else State.BOUNCED,
            at=now,
            outcome=OK,
            bounce_class="" if leased.address == "a@r.test" else "unknown_user",
            reply="550 5.1.1 no",
        )
        for leased in await queue.lease("d", now, now + 60_000, 50)
    ]
    assert all(await queue.settle("d", settled))
    whole = [one async for one in world.services.tasks.failures(task.id)]
    assert [(one.address, one.kind, one.bounce_class) for one in whole[3:]] == [
        (f"{name}@r.test", "bounced", "unknown_user") for name in "bcd"
    ]
    for most in (1, 2, 3, len(whole), 100):
        seen, place = [], Place()
        while place is not None:
            page, place = await world.services.tasks.failures_page(task.id, place, most)
            assert len(page) <= most
            seen += page
        assert seen == whole, most
    assert [bool(one.mail) for one in whole] == [False] * 3 + [True] * 3


async def test_who_would_be_passed_over_is_known_before(world):
    number = await listed(world, 20)
    again = [("U1@r.test", '{"name": "Again"}')]
    await world.services.receivers.add_with_data(world.one.account.id, number, again)
    account, now = world.one.account.id, world.clock.now()
    lists = world.services.suppressions
    await lists.add_custom(account, ["u2@r.test", "u3@r.test"], None, now)
    await lists.add_custom(account, ["u4@r.test"], now, now)
    await lists.add_custom(world.two.account.id, ["u5@r.test"], None, now)
    for domain, name in (("mail.example.test", "u3"), ("else.test", "u6")):
        await lists.unsubscribe(Target(account, domain, f"{name}@r.test"), now)
    outlook = OutlookStore(world.database)
    found = await outlook.look(account, number, "mail.example.test", now)
    assert found.looked_at == 21
    # An unsubscription is told before any list, as the door does.
    assert found.skipped == Skipped(duplicates=1, blacklisted=1, unsubscribed=1)
    assert (await outlook.look(account, 999, "mail.example.test", now)).looked_at == 0
