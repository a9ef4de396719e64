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
            Settlement(recipient=item, state=State.DELIVERED, at=now, outcome=outcome)
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
