"""Tasks of a domain that may not send: what they say, what is left of them, and how they go on."""

import pytest
from tests.store.test_api_reports import settle
from tests.store.test_bulk import all_steps, ask, listed, runner, sent, task
from tests.support.api_world import ZONE, api_world

from tayori.bulk.model import Cause, TaskStatus
from tayori.bulk.store import TaskStore
from tayori.config.reputation import ReputationSettings
from tayori.events.feed_store import Horizon
from tayori.queue.states import State
from tayori.reputation.figure_store import FigureStore
from tayori.reputation.judging_store import Bench
from tayori.reputation.level_store import LevelStore
from tayori.reputation.levels import Levels
from tayori.reputation.rules import Rules
from tayori.reputation.standing import Quotas
from tayori.runtime.clock import day_of, day_range

DOMAIN = "mail.example.test"
TABLE = (450, 10_000)


@pytest.fixture
async def world(database):
    async with api_world(database, level_per_day=TABLE, account_per_day=0) as made:
        yield made


def bench(world):
    rules = Rules(ReputationSettings(least_sample=100), TABLE)
    return Bench(rules=rules, quotas=Quotas(world.services.policy, ZONE), zone=ZONE)


def store(world):
    return LevelStore(world.database, bench(world))


async def judge(world):
    levels = Levels(
        figures=FigureStore(world.database, bench(world)),
        levels=store(world),
        horizon=Horizon(world.database),
        clock=world.clock,
        idle_days=30,
    )
    for _ in range(3):
        await levels.run()


async def start(world, receivers):
    template = await world.ready(world.one)
    return await world.one.call("BatchSendEmail", **ask(await listed(world, receivers), template))


async def found(world, made):
    return await TaskStore(world.database).get(made["TaskId"])


async def test_at_level_0_a_task_fails_with_the_reason_and_goes_on_when_let_go(world):
    made = await start(world, 30)
    await store(world).set_level(DOMAIN, 0, "spam traps", world.clock.now())
    assert await all_steps(world) == 1
    failed = await found(world, made)
    assert (failed.status, failed.cause, failed.sent, failed.due_at) == (
        TaskStatus.FAILED,
        Cause.REFUSED,
        0,
        None,
    )
    shown = await task(world)
    assert (shown["TaskStatus"], shown["SendCount"]) == (7, 0)
    assert "level 0" in shown["ErrMsg"]
    # It does not go on by itself, and resuming it too early says the same once more.
    assert await all_steps(world) == 0
    await world.services.tasks.resume(made["TaskId"])
    await all_steps(world)
    assert (await found(world, made)).status is TaskStatus.FAILED
    assert not isinstance(
        await store(world).unblock(DOMAIN, "list cleaned", world.clock.now(), 3), str
    )
    await world.services.tasks.resume(made["TaskId"])
    await all_steps(world)
    done = await found(world, made)
    assert (done.status, done.sent, str(done.error)) == (TaskStatus.FINISHED, 30, "")


async def test_eight_percent_stop_a_task_in_the_middle_and_the_next_day_it_recovers(world):
    made = await start(world, 420)
    assert await runner(world).step()
    # By hand: 16 of 200 are 8%.
    ends = {f"u{n}@r.test": State.BOUNCED if n < 16 else State.DELIVERED for n in range(200)}
    for _ in range(4):
        await settle(world, ends)
    await judge(world)
    assert await all_steps(world) == 1
    stopped = await found(world, made)
    assert (stopped.status, stopped.cause, stopped.sent) == (
        TaskStatus.FAILED,
        Cause.REFUSED,
        200,
    )
    assert stopped.requested == stopped.sent + stopped.remaining
    assert "stopped for the rest of the day" in stopped.error.english
    assert "8.0% refused by receivers" in stopped.error.english
    assert len(await sent(world)) == 200
    now = world.clock.now()
    world.clock.advance(day_range(day_of(now, ZONE), ZONE)[1] - now)
    await world.services.tasks.resume(made["TaskId"])
    await all_steps(world)
    recovered = await found(world, made)
    assert (recovered.status, recovered.sent) == (TaskStatus.FINISHED, 420)
    addresses = [row["address"] for row in await sent(world)]
    assert addresses == [f"u{n}@r.test" for n in range(420)]
