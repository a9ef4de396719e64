"""A provider that has had its part of the hour is waited for, and everybody else is written to."""

from collections import Counter

import pytest
from sqlalchemy import insert, select
from tests.store.test_bulk import ask, runner, sent
from tests.store.test_bulk_engaged import read_mail
from tests.store.test_bulk_tasks import found, to_midnight
from tests.store.test_receiver_plans import filled
from tests.store.test_stats_plans import Analyse, by_index, plan
from tests.support.api_world import ZONE, api_world

from tayori.bulk import statements
from tayori.bulk.choosing import LOOK
from tayori.bulk.model import TaskStatus
from tayori.bulk.store import TaskStore
from tayori.catalog.upload_store import UploadStore
from tayori.db.statement import Statement
from tayori.db.tables.bulk import bulk_aside, bulk_first
from tayori.db.tables.reputation import domain_day, mailbox_provider
from tayori.reputation.figures import Figures
from tayori.runtime.clock import HOUR, SECOND, day_of

SHARE = 0.1
"""Of 1,000 mails a day: 100 in an hour."""
PROVIDERS = {"g.test": "gmail", "q.test": "qq"}


@pytest.fixture
async def world(database):
    policy = {"level_per_day": (1_000,), "account_per_day": 0}
    async with api_world(database, hour_share=SHARE, **policy) as made:
        await execute(
            made,
            insert(mailbox_provider),
            [{"domain": name, "provider": one} for name, one in PROVIDERS.items()],
        )
        yield made


async def execute(world, statement, rows=({},)):
    async with world.database.write() as transaction:
        for row in rows:
            await transaction.execute(Statement(statement.values(row) if row else statement))


async def rows_of(world, table):
    async with world.database.read() as transaction:
        return await transaction.fetch(Statement(select(table)))


async def start(world, domains, count, *, tasks=1):
    """Order tasks to `count` receivers whose domains take turns, for the beginning of a day."""
    template = await world.ready(world.one)
    made = await world.one.call("CreateReceiver", ReceiversName="all")
    emails = [f"u{n}@{domains[n % len(domains)]}" for n in range(count)]
    number = made["ReceiverId"]
    await world.one.call("CreateReceiverDetail", ReceiverId=number, Emails=emails)
    while await UploadStore(world.database).store_part():
        pass
    for _ in range(tasks):
        made = await world.one.call(
            "BatchSendEmail",
            **ask(
                number,
                template,
                Template={"TemplateID": template, "TemplateData": '{"name": "you"}'},
            ),
        )
    to_midnight(world)
    return made


async def hours(world, made, **rules):
    """Let a task run to its end; return how many went to each domain in each hour."""
    worker, table, before = runner(world, hour_share=SHARE, **rules), [], Counter()
    for _ in range(40):
        while await worker.step():
            task = await found(world, made)
            waiting = sum(row["task_id"] == task.id for row in await rows_of(world, bulk_aside))
            assert waiting == sum(task.aside.values()) <= task.remaining
        now = Counter(row["address"].partition("@")[2] for row in await sent(world))
        table.append(dict(now - before))
        before = now
        if (await found(world, made)).status is TaskStatus.FINISHED:
            assert await rows_of(world, bulk_aside) == []
            break
        world.clock.advance(HOUR)
    return table


async def everybody_once(world, count):
    addresses = [row["address"].partition("@")[0] for row in await sent(world)]
    assert Counter(addresses) == Counter(f"u{n}" for n in range(count))


async def test_a_provider_gets_its_share_of_each_hour_and_others_the_rest(world):
    made = await start(world, ["g.test", "r.test"], 240)
    # Of 100 an hour gmail gets 30. The 120 others have 70 of the first hour and 50 of the second.
    assert await hours(world, made, provider_share=0.3) == [
        {"g.test": 30, "r.test": 70},
        {"g.test": 30, "r.test": 50},
        {"g.test": 30},
        {"g.test": 30},
    ]
    await everybody_once(world, 240)


async def test_a_provider_that_defers_slows_down_its_own_mails_only(world):
    made = await start(world, ["g.test", "r.test"], 200)
    # Of 200 recipients of the day gmail had 60, half of them deferred: a quarter of 0.3 x 100 is 7.5.
    day = {"identity_id": 1, "day": day_of(world.clock.now(), ZONE)}
    flags = {"lowered": False, "warned": False, "closed": False}
    gmail = Figures(mails=60, sent=60, delivered=30, deferred=30)
    other = Figures(mails=140, sent=140, delivered=140)
    figures = [
        {**day, **flags, "provider": name, **one._asdict()}
        for name, one in (("gmail", gmail), ("", other))
    ]
    await execute(world, insert(domain_day), figures)
    table = await hours(world, made)
    assert table[:3] == [{"g.test": 8, "r.test": 92}, {"g.test": 8, "r.test": 8}, {"g.test": 8}]
    assert len(table) == 13  # 12 times 8, and 4 of 100 are left
    await everybody_once(world, 200)


async def test_two_providers_wait_each_for_itself(world):
    made = await start(world, ["g.test", "q.test"], 120)
    assert await hours(world, made, provider_share=0.2) == [{"g.test": 20, "q.test": 20}] * 3
    await everybody_once(world, 120)


async def test_who_reads_mail_comes_first_after_waiting_too_and_only_once(world):
    made = await start(world, ["g.test", "r.test"], 120)
    readers = [f"u{n}@g.test" for n in range(0, 80, 2)]
    await read_mail(world, *readers)
    table = await hours(world, made, provider_share=0.3)
    assert table == [{"g.test": 30, "r.test": 60}, {"g.test": 30}]
    gmail = [row["address"] for row in await sent(world) if row["address"].endswith("@g.test")]
    assert gmail[:40] == readers
    await everybody_once(world, 120)
    assert await rows_of(world, bulk_first) == []


async def test_no_more_are_set_aside_than_there_are_places(world):
    made = await start(world, ["g.test", "g.test", "r.test"], 90)
    # 10 of 60 at gmail go, 5 wait and the list is not read on: 7 others are passed by then.
    table = await hours(world, made, provider_share=0.1, most_aside=5)
    assert table[0] == {"g.test": 10, "r.test": 7}
    assert table[1]["g.test"] == 10
    assert len(table) == 6
    await everybody_once(world, 90)


async def test_those_who_may_go_are_found_behind_many_who_wait(world):
    made = await start(world, ["g.test"] * 30 + ["r.test"], LOOK + 200)
    worker = runner(world, hour_share=SHARE, provider_share=0.01)
    while await worker.step():
        pass
    got = Counter(row["address"].partition("@")[2] for row in await sent(world))
    # 2,200 receivers are 70 times 31 and 30 more: all 70 others, and one of gmail.
    assert got == {"g.test": 1, "r.test": 70}
    task = await found(world, made)
    assert (task.status, task.aside) == (TaskStatus.SENDING, {"gmail": LOOK + 200 - 71})
    assert task.due_at == world.clock.now() + HOUR
    assert task.requested == task.sent + task.remaining


async def test_a_step_that_lost_its_lease_sets_nobody_aside_and_takes_nobody_back(
    world, monkeypatch
):
    made = await start(world, ["g.test"], 50)
    worker = runner(world, hour_share=SHARE, provider_share=0.2)

    async def lost(*_):
        return False

    async def dies():
        with monkeypatch.context() as patched:
            patched.setattr(TaskStore, "advance", lost)
            await worker.step()

    await dies()
    assert await rows_of(world, bulk_aside) == []
    world.clock.advance(HOUR)
    while await worker.step():
        pass
    assert (await found(world, made)).aside == {"gmail": 30}
    world.clock.advance(HOUR)
    await dies()
    assert (len(await rows_of(world, bulk_aside)), len(await sent(world))) == (30, 20)
    world.clock.advance(HOUR)
    assert await hours(world, made, provider_share=0.2) == [{"g.test": 40}, {"g.test": 10}]
    await everybody_once(world, 50)


async def test_who_leaves_the_list_while_he_waits_is_not_waited_for(world):
    made = await start(world, ["g.test"], 60)
    worker = runner(world, hour_share=SHARE, provider_share=0.2)
    while await worker.step():
        pass
    account, listed = world.one.account.id, (await found(world, made)).order.list_id
    for one in await world.services.receivers.after(listed, 0, 2**62, 60):
        if one.address in {"u20@g.test", "u59@g.test"}:
            await world.services.receivers.remove(account, listed, one.id)
    world.clock.advance(HOUR)
    table = await hours(world, made, provider_share=0.2)
    # 20 in each of the first two hours, and the 18 who are left of 60.
    assert [sum(hour.values()) for hour in table] == [40, 18]
    task = await found(world, made)
    assert (task.status, task.sent, task.aside) == (TaskStatus.FINISHED, 58, {})


async def test_without_caps_nobody_waits_any_longer(world):
    made = await start(world, ["g.test"], 60)
    worker = runner(world, hour_share=SHARE, provider_share=0.2)
    while await worker.step():
        pass
    assert (await found(world, made)).aside == {"gmail": 40}
    world.clock.advance(HOUR)
    free = runner(world)
    while await free.step():
        pass
    assert (await found(world, made)).status is TaskStatus.FINISHED
    await everybody_once(world, 60)


async def test_two_tasks_of_a_domain_share_the_cap_of_a_provider(world):
    made = await start(world, ["g.test"], 60, tasks=2)
    other = {"TaskId": made["TaskId"] - 1}
    worker = runner(world, hour_share=SHARE, provider_share=0.5)
    for _ in range(5):
        while await worker.step():
            pass
        # They take turns of a second.
        world.clock.advance(SECOND)
    tasks = [await found(world, one) for one in (made, other)]
    assert sum(task.sent for task in tasks) == 50
    assert [task.aside.get("gmail", 0) + task.sent for task in tasks] == [60, 60]


async def test_a_cancelled_task_keeps_nobody_waiting(world):
    made = await start(world, ["g.test"], 60)
    worker = runner(world, hour_share=SHARE, provider_share=0.2)
    while await worker.step():
        pass
    assert len(await rows_of(world, bulk_aside)) == 40
    await world.services.tasks.cancel(made["TaskId"])
    assert await rows_of(world, bulk_aside) == []


async def test_those_who_wait_are_found_by_an_index(database):
    rows = [
        {"task_id": n % 5, "run": 0, "provider": ("gmail", "qq")[n % 2], "receiver_id": n}
        for n in range(12_000)
    ]
    await filled(database)
    async with database.write() as transaction:
        await transaction.execute_many(statements.INSERT_ASIDE, rows)
    if database.dialect == "postgresql":
        async with database.write() as transaction:
            await transaction.execute(Analyse())
    of_one = {"of_id": 3, "of_run": 0, "of_provider": "qq"}
    for statement, values in (
        (statements.ASIDE, of_one | {"most": 200}),
        (statements.REMOVE_ASIDE, of_one | {"receivers": [13, 23]}),
        (statements.FORGET_ASIDE, {"of_id": 3}),
    ):
        assert by_index(await plan(database, statement, **values))
