"""Who reads an account's mail is written to first; nobody is left out for it, and nobody comes twice."""

import json

import pytest
from sqlalchemy import select
from tests.store.test_bulk import all_steps, ask, listed, runner, sent
from tests.support.api_world import api_world

from tayori.bulk.choosing import LOOK
from tayori.bulk.model import Phase, Skipped, TaskStatus
from tayori.bulk.store import TaskStore
from tayori.catalog.upload_store import UploadStore
from tayori.db.statement import Statement
from tayori.db.tables.bulk import bulk_first
from tayori.events.model import EventKind
from tayori.reputation.engagement_store import KEPT_MS, EngagementStore, forget, note
from tayori.reputation.level_model import Fact
from tayori.runtime.clock import DAY


@pytest.fixture
async def world(database):
    async with api_world(database, level_per_day=(450, 10_000), account_per_day=0) as made:
        yield made


async def read_mail(world, *addresses, days_ago=1, account_id=None, kind=EventKind.OPEN, **data):
    at = world.clock.now() - days_ago * DAY
    facts = [
        Fact(
            account_id=account_id or world.one.account.id,
            at=at,
            identity_id=1,
            accepted_at=at,
            address=address,
            kind=kind,
            data=data,
        )
        for address in addresses
    ]
    async with world.database.write() as transaction:
        await note(transaction, facts)


async def order(world):
    return [row["address"].partition("@")[0] for row in await sent(world)]


async def found(world, made):
    return await TaskStore(world.database).get(made["TaskId"])


async def start(world, number, **changes):
    template = await world.ready(world.one)
    return await world.one.call("BatchSendEmail", **ask(number, template, **changes))


async def stored(world):
    """Store the parts of a large upload, as a worker does."""
    uploads = UploadStore(world.database)
    while await uploads.store_part():
        pass


async def remembered(world):
    async with world.database.read() as transaction:
        return await transaction.fetch(Statement(select(bulk_first)))


async def test_readers_come_first_and_all_others_after_them(world):
    made = await start(world, await listed(world, 300))
    await read_mail(world, "u7@r.test", "U150@r.test", kind=EventKind.CLICK)
    await read_mail(world, "u299@r.test", days_ago=89)
    # Too long ago, a machine, and another account's reader are nobody's readers.
    await read_mail(world, "u1@r.test", days_ago=91)
    await read_mail(world, "u2@r.test", machine="prefetch")
    await read_mail(world, "u3@r.test", account_id=world.one.account.id + 1)
    await all_steps(world)
    readers = [7, 150, 299]
    others = [n for n in range(300) if n not in readers]
    assert await order(world) == [f"u{n}" for n in (*readers, *others)]
    task = await found(world, made)
    assert (task.status, task.sent, task.phase) == (TaskStatus.FINISHED, 300, Phase.OTHERS)
    assert await remembered(world) == []


async def test_the_day_s_mails_are_those_of_readers(world):
    # A list is longer than a look, and the day has room for 450.
    number = await listed(world, LOOK + 500)
    await stored(world)
    made = await start(world, number)
    readers = [*range(0, 2_400, 8), *range(LOOK + 450, LOOK + 500)]
    await read_mail(world, *(f"u{n}@r.test" for n in readers))
    await all_steps(world)
    task = await found(world, made)
    assert (task.status, task.sent) == (TaskStatus.PAUSED, 450)
    assert task.requested == task.sent + task.cached
    others = [n for n in range(LOOK) if n not in set(readers)][: 450 - len(readers)]
    assert await order(world) == [f"u{n}" for n in (*sorted(readers), *others)]


async def test_who_begins_to_read_while_a_task_runs_gets_his_mail_once(world):
    made = await start(world, await listed(world, 420))
    await read_mail(world, "u9@r.test")
    worker = runner(world)
    while (await found(world, made)).phase is not Phase.OTHERS:
        assert await worker.step()
    # One behind the cursor of the others, one before it, and one who was first already.
    await worker.step()
    await read_mail(world, "u3@r.test", "u9@r.test", "u400@r.test")
    await all_steps(world)
    assert sorted(await order(world)) == sorted(f"u{n}" for n in range(420))


async def test_addresses_that_stand_twice_count_once_in_either_turn(world):
    number = (await world.one.call("CreateReceiver", ReceiversName="mixed"))["ReceiverId"]
    for names in ("abcd", "AbxBy"):
        datas = [
            {"Email": f"{name}@r.test", "TemplateData": json.dumps({"name": name})}
            for name in dict.fromkeys(names)
        ]
        upload = "CreateReceiverDetailWithData"
        await world.one.call(upload, ReceiverId=number, Datas=datas)
    made = await start(world, number)
    await read_mail(world, "a@r.test", "y@r.test")
    await all_steps(world)
    assert await order(world) == ["a", "y", "b", "c", "d", "x"]
    task = await found(world, made)
    assert task.status is TaskStatus.FINISHED
    # "B" beside "b" is left aside when it is uploaded; "A" and "b" stand in the list before.
    assert task.skipped == Skipped(duplicates=2)
    assert task.remaining == 0


async def test_a_step_that_lost_its_lease_remembers_nobody(world, monkeypatch):
    made = await start(world, await listed(world, 30))
    await read_mail(world, "u9@r.test")

    async def lost(*_):
        return False

    with monkeypatch.context() as patched:
        patched.setattr(TaskStore, "advance", lost)
        await runner(world).step()
    assert await sent(world) == []
    assert await remembered(world) == []
    world.clock.advance(DAY)
    await all_steps(world)
    assert (await found(world, made)).sent == 30
    assert (await order(world))[0] == "u9"


async def test_without_readers_or_with_the_rule_off_the_list_has_its_order(world):
    made = await start(world, await listed(world, 20))
    await read_mail(world, "u9@r.test")
    await all_steps(world, engaged_days=0)
    assert await order(world) == [f"u{n}" for n in range(20)]
    assert (await found(world, made)).phase is Phase.ALL


async def test_a_cancelled_task_forgets_who_came_first(world):
    made = await start(world, await listed(world, 20))
    await read_mail(world, "u9@r.test")
    await runner(world).step()
    assert len(await remembered(world)) == 1
    await world.services.tasks.cancel(made["TaskId"])
    assert await remembered(world) == []


async def test_readers_are_forgotten_after_a_year(world):
    await world.ready(world.one)
    await read_mail(world, "u1@r.test", days_ago=300)
    store, account_id = EngagementStore(world.database), world.one.account.id
    async with world.database.write() as transaction:
        await forget(transaction, world.clock.now())
    assert await store.engaged(account_id, ["u1@r.test"], 0) == {"u1@r.test"}
    async with world.database.write() as transaction:
        await forget(transaction, world.clock.now() - 300 * DAY + KEPT_MS + 1)
    assert not await store.is_known(account_id)
