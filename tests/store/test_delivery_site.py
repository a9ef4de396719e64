"""One site's workers at the moments at which they end."""

import asyncio
import random
from dataclasses import replace

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
from tayori.delivery.settler import Settler
from tayori.delivery.shaping import Shape
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


async def test_a_mail_that_comes_while_the_last_worker_ends_is_sent(database, sink):
    clock = SettableClock(NOW)
    for name in ("a", "b"):
        await door(database, clock).accept(replace(GOOD, to=(box(f"{name}@x.test"),)))
    queue = QueueStore(database)
    leased = await queue.lease("one", NOW, NOW + DAY, 10)
    recipes = await queue.recipes(item.message_id for item in leased)
    first, second = (Work(item, decode_recipe(recipes[item.message_id])) for item in leased)
    settler = Settler(queue, "one")
    settler.start()
    settler.hold(leased)
    connections = Telling(
        ehlo_name="mail.tayori.test",
        port=sink.port,
        clock=clock,
        client_tls=ClientTls(),
        tls="opportunistic",
        timeouts=Timeouts(),
        hosts=HostHealth(clock, random.Random(1)),
    )
    pacer = Pacer(store=PacingStore(database), owner="one", clock=clock)
    pacer.start()

    def pace(route, free):
        return Pace(
            route,
            pacer=pacer,
            shape_of=lambda _: Shape(),
            window=Window(),
            clock=clock,
            free=free,
        )

    site = Site(
        Route("x", (Target("mx.x.test", "127.0.0.1"),)),
        connections=connections,
        attempts=Attempts(queue=queue, composer=RecipeComposer(), clock=clock),
        settler=settler,
        clock=clock,
        chance=random.Random(1),
        pacing=pace,
    )
    connections.then = lambda: site.add(second)
    site.add(first)
    await sink.until(lambda: len(sink.mails) == 2)
    await until(lambda: site.idle)
    await settler.finish()
    await connections.close()
    await pacer.stop()
    rows = await queue.status(1, (NOW, NOW + DAY), (0, 10))
    assert [row.state for row in rows] == [State.DELIVERED, State.DELIVERED]
