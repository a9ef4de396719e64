"""The planner's forecast is what the task runner does: door, queue, feed, levels, in virtual time."""

from tests.store.test_bulk import ask, listed, runner
from tests.store.test_bulk_tasks import found, to_midnight
from tests.support.api_world import ZONE, api_world

from tayori.bulk.model import TaskStatus
from tayori.config.reputation import ReputationSettings
from tayori.events.feed_store import Horizon
from tayori.mail.outcome import Kind, Outcome, Scope, Stage
from tayori.queue.model import Settlement
from tayori.queue.states import State
from tayori.reputation.figure_store import FigureStore
from tayori.reputation.judging_store import Bench
from tayori.reputation.level_store import LevelStore
from tayori.reputation.levels import Levels
from tayori.reputation.plan_store import Planner
from tayori.reputation.rules import Rules
from tayori.reputation.standing import Quotas
from tayori.runtime.clock import HOUR, day_of

LEVELS = (40, 80, 160, 320)
SHARE = 0.25
DOMAIN = "mail.example.test"
PROVIDERS = {"g.test": "gmail"}
# Level 1: 40 a day, 10 an hour. After three hours 30 are more than 70%: level 2, 80 a day, 20 an
# hour. Each day rises once: it may send 80, 160, and what is left of 500 in the first hours of the
# third: level 3, 160 a day, 40 an hour until 112 are reached in the third hour, then 320 a day and 80
# an hour, so that 160 are out in that hour, 240 in the next, and all 260 in the one after it.
BY_HAND = [(1, 2, 80), (2, 3, 160), (3, 4, 260)]


async def deliver(world):
    """Let every mail in the queue arrive at once."""
    queue, now = world.services.queue, world.clock.now()
    while leased := await queue.lease("d", now, now + 60_000, 250):
        outcome = Outcome(kind=Kind.DELIVERED, scope=Scope.RECIPIENT, stage=Stage.CONTENT)
        done = [
            Settlement(
                recipient=item,
                state=State.DELIVERED,
                at=now,
                outcome=outcome,
                provider=PROVIDERS.get(item.domain, ""),
            )
            for item in leased
        ]
        assert all(await queue.settle("d", done))


async def test_the_forecast_is_what_the_runner_does(database):
    policy = {"level_per_day": LEVELS, "account_per_day": 0}
    async with api_world(database, hour_share=SHARE, **policy) as world:
        quotas = Quotas(world.services.policy, ZONE, hour_share=SHARE)
        bench = Bench(rules=Rules(ReputationSettings(), LEVELS), quotas=quotas, zone=ZONE)
        levels = Levels(
            figures=FigureStore(database, bench),
            levels=LevelStore(database, bench),
            horizon=Horizon(database),
            clock=world.clock,
            idle_days=30,
        )
        template = await world.ready(world.one)
        made = await world.one.call("BatchSendEmail", **ask(await listed(world, 500), template))
        to_midnight(world)
        began = world.clock.now()
        plan = await Planner(database, world.clock, bench).plan(DOMAIN, 500, delivered=1.0)
        worker, days = runner(world, hour_share=SHARE), {}
        while (task := await found(world, made)).status is not TaskStatus.FINISHED:
            before = task.sent
            if await worker.step():
                await deliver(world)
                await levels.run()
                day = day_of(world.clock.now(), ZONE)
                days[day] = days.get(day, 0) + (await found(world, made)).sent - before
            else:
                world.clock.advance(task.due_at - world.clock.now())
                await levels.run()
        finished_at = world.clock.now()
    assert [(day.level, day.level_after, day.mails) for day in plan.days] == BY_HAND
    assert {day.day: day.mails for day in plan.days} == {k: n for k, n in days.items() if n}
    assert plan.finished_at == finished_at == began + 2 * 24 * HOUR + 4 * HOUR


async def test_the_forecast_keeps_the_caps_of_providers_as_the_runner_does(database):
    policy = {"level_per_day": (1_000,), "account_per_day": 0}
    share = {"hour_share": 0.1, "provider_share": 0.5}
    async with api_world(database, hour_share=0.1, **policy) as world:
        quotas = Quotas(world.services.policy, ZONE, **share)
        bench = Bench(rules=Rules(ReputationSettings(), (1_000,)), quotas=quotas, zone=ZONE)
        levels = Levels(
            figures=FigureStore(database, bench),
            levels=LevelStore(database, bench),
            horizon=Horizon(database),
            clock=world.clock,
            idle_days=30,
        )
        template = await world.ready(world.one)
        # Yesterday two of three recipients were at gmail, as they are in the list.
        domains = ("g.test", "g.test", "r.test")
        small, large = [await mixed(world, count, domains) for count in (60, 300)]
        await world.one.call("BatchSendEmail", **ask(small, template))
        made = await world.one.call("BatchSendEmail", **ask(large, template))
        tasks = world.services.tasks
        await tasks.pause(made["TaskId"])
        worker = runner(world, **share)
        while await worker.step():
            await deliver(world)
        await levels.run()
        to_midnight(world)
        world.clock.advance(22 * HOUR)
        began = world.clock.now()
        plan = await Planner(database, world.clock, bench).plan(DOMAIN, 300, delivered=1.0)
        await tasks.resume(made["TaskId"])
        hours = {}
        while (task := await found(world, made)).status is not TaskStatus.FINISHED:
            hour, before = (world.clock.now() - began) // HOUR, task.sent
            if await worker.step():
                await deliver(world)
                await levels.run()
                hours[hour] = hours.get(hour, 0) + (await found(world, made)).sent - before
            else:
                world.clock.advance(task.due_at - world.clock.now())
        finished_at = world.clock.now()
    # Of 100 an hour gmail gets 50, so its 200 take four hours; the 100 others take two of them.
    assert {hour: n for hour, n in hours.items() if n} == {0: 100, 1: 100, 2: 50, 3: 50}
    assert [day.mails for day in plan.days] == [200, 100]
    assert plan.finished_at == finished_at == began + 3 * HOUR


async def mixed(world, count, domains):
    """Make a list whose receivers' domains take turns."""
    name = f"mix of {count}"
    number = (await world.one.call("CreateReceiver", ReceiversName=name))["ReceiverId"]
    datas = [
        {"Email": f"u{n}@{domains[n % len(domains)]}", "TemplateData": '{"name": "you"}'}
        for n in range(count)
    ]
    await world.one.call("CreateReceiverDetailWithData", ReceiverId=number, Datas=datas)
    return number
