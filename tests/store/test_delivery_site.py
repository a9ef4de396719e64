"""One site's workers at the moments at which they end."""

import asyncio
import random
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest
from tests.store.test_door import NOW, door
from tests.support.deliverers import RecipeComposer, until
from tests.support.sink import Sink
from tests.unit.accept.test_checks import GOOD, box

from tayori.compose.model import decode_recipe
from tayori.delivery.attempts import Attempts
from tayori.delivery.connections import Connections
from tayori.delivery.hosts import HostHealth
from tayori.delivery.pace import Pace
from tayori.delivery.pacing.pacer import Pacer
from tayori.delivery.pacing.store import PacingStore
from tayori.delivery.plan import Route, Target
from tayori.delivery.security.opening import Opener
from tayori.delivery.settler import Settler
from tayori.delivery.shaping import Limits, Shape
from tayori.delivery.site import Site
from tayori.delivery.window import Window
from tayori.delivery.work import Work
from tayori.queue.states import State
from tayori.queue.store import QueueStore
from tayori.runtime.clock import DAY, SettableClock
from tayori.smtp.envelope import Timeouts
from tayori.smtp.tls import ClientTls


class Telling(Connections):
    """Calls what it was told once, in the next step of the loop after a connection came back."""

    then = None

    def give_back(self, session, *, usable, keep=True):
        super().give_back(session, usable=usable, keep=keep)
        call, self.then = self.then, None
        if call is not None:
            asyncio.get_running_loop().call_soon(call)


@pytest.fixture
async def sink():
    async with Sink() as running:
        yield running


@dataclass(frozen=True)
class Scene:
    """A site with everything around it, and the mails that were leased for it."""

    site: Site
    works: list[Work]
    connections: Telling
    queue: QueueStore


@asynccontextmanager
async def scene(database, port, *, mails, connections=10):
    """Open a scene; at the end what was settled is committed."""
    clock = SettableClock(NOW)
    for number in range(mails):
        await door(database, clock).accept(replace(GOOD, to=(box(f"u{number}@x.test"),)))
    queue = QueueStore(database)
    leased = await queue.lease("one", NOW, NOW + DAY, mails)
    recipes = await queue.recipes(item.message_id for item in leased)
    settler = Settler(queue, "one")
    settler.start()
    settler.hold(leased)
    kept = Telling(
        ehlo_name="mail.tayori.test",
        port=port,
        clock=clock,
        opener=Opener(client_tls=ClientTls(), timeouts=Timeouts(), clock=clock),
        hosts=HostHealth(clock, random.Random(1)),
    )
    pacer = Pacer(store=PacingStore(database), owner="one", clock=clock)
    pacer.start()

    def pace(route, free):
        return Pace(
            route,
            pacer=pacer,
            shape_of=lambda _: Shape(site=Limits(connections=connections)),
            window=Window(),
            clock=clock,
            free=free,
        )

    site = Site(
        Route("x", (Target("mx.x.test", "127.0.0.1"),)),
        connections=kept,
        attempts=Attempts(queue=queue, composer=RecipeComposer(), clock=clock),
        settler=settler,
        clock=clock,
        chance=random.Random(1),
        pacing=pace,
    )
    works = [Work(item, decode_recipe(recipes[item.message_id])) for item in leased]
    yield Scene(site, works, kept, queue)
    await until(lambda: site.idle)
    await settler.finish()
    await kept.close()
    await pacer.stop()


async def states_of(queue):
    rows = await queue.status(1, (NOW, NOW + DAY), (0, 100))
    return Counter(row.state for row in rows)


async def test_a_mail_that_comes_while_the_last_worker_ends_is_sent(database, sink):
    async with scene(database, sink.port, mails=2) as set_up:
        first, second = set_up.works
        set_up.connections.then = lambda: set_up.site.add(second)
        set_up.site.add(first)
        await sink.until(lambda: len(sink.mails) == 2)
    assert await states_of(set_up.queue) == {State.DELIVERED: 2}


async def test_a_site_is_not_called_slow_before_it_was_watched(database, sink):
    """A crowd of mails that came a moment ago goes on; none of it is put off for seconds."""
    async with scene(database, sink.port, mails=20, connections=3) as set_up:
        for work in set_up.works:
            set_up.site.add(work)
        set_up.site.measure(crowded=True)
        assert len(set_up.site.waiting()) == 20
    assert await states_of(set_up.queue) == {State.DELIVERED: 20}


async def test_a_site_that_did_nothing_for_a_look_makes_room_for_others(database, sink):
    async with scene(database, sink.port, mails=20, connections=3) as set_up:
        for work in set_up.works:
            set_up.site.add(work)
        set_up.site.measure(crowded=True)
        set_up.site.measure(crowded=True)
        assert len(set_up.site.waiting()) == 3
    assert await states_of(set_up.queue) == {State.DELIVERED: 3, State.QUEUED: 17}
