"""What a report quotes slows the same mail down as what a receiver says itself."""

import random

import pytest
from tests.support.inbound import inbound_world
from tests.support.returned_mails import dsn

from tayori.app.inbound import said
from tayori.classify.current import BounceRules
from tayori.delivery.plan import Planner
from tayori.delivery.reactions.hearsay import Hearsay
from tayori.delivery.reactions.store import ReactionStore
from tayori.dns.mx import MailHostFinder
from tayori.inbound.processing import Processing
from tayori.queue.operator_store import OperatorStore
from tayori.runtime.clock import SettableClock

NOW = 1_795_478_400_000
RULES = """
[slow-down]
text = 'please slow down'
threshold = "2 per hour"
scope = "source_provider"
pause = true
duration = "20 min"
"""


@pytest.fixture
async def world(database, tmp_path):
    async with inbound_world(database, tmp_path, SettableClock(NOW)) as built:
        built.dns.set("receiver.test", "MX", "10 mx.receiver.test.")
        built.dns.set("mx.receiver.test", "A", "127.0.0.1")
        yield built


def hearsay(world):
    rules = world.folder / "rules" / "reactions.toml"
    rules.parent.mkdir(parents=True, exist_ok=True)
    rules.write_text(RULES)
    chance = random.Random(1)
    planner = Planner(
        MailHostFinder(world.needs.lookups, world.clock, chance), chance, allow_private=True
    )
    return Hearsay(
        store=ReactionStore(world.database),
        attempts=OperatorStore(world.database),
        route=planner.route,
        bounce_rules=BounceRules(world.folder),
        data_dir=world.folder,
    )


@pytest.mark.parametrize(("words", "begins"), [("Please slow down", 1), ("No such user", 0)])
async def test_reported_refusals_begin_a_reaction(world, words, begins):
    listening = hearsay(world)
    heard = []

    async def hear(refusals):
        heard.extend(refusals)
        await listening.hear([said(each) for each in refusals], world.clock.now())

    needs = {name: getattr(world.needs, name) for name in world.needs.__slots__}
    numbers = await world.sent(*(f"r{number}@receiver.test" for number in range(3)))
    for number in numbers[:2]:
        octets = dsn("x@receiver.test", reply=f"550 5.7.1 {words}")
        await world.hand_in(octets, world.address(number))
        await world.hand_in(octets, world.address(number))
    processing = Processing(type(world.needs)(**needs | {"heard": hear}))
    while await processing.step():
        pass
    # The second copy of a report is no news.
    assert [each.recipient_id for each in heard] == numbers[:2]
    reactions = await ReactionStore(world.database).latest(10)
    assert [(each.name, each.scope.destination) for each in reactions] == [
        ("slow-down", "mx.receiver.test")
    ] * begins


async def test_whoever_hears_may_fail_and_the_mail_is_done_with(world):
    async def stumble(_):
        raise RuntimeError("a fault of ours")

    needs = {name: getattr(world.needs, name) for name in world.needs.__slots__}
    [number] = await world.sent("ann@receiver.test")
    await world.hand_in(dsn("ann@receiver.test"), world.address(number))
    processing = Processing(type(world.needs)(**needs | {"heard": stumble}))
    assert await processing.step()
    assert [entry.kind for entry in await world.spool.entries(10)] == ["bounce"]
