"""Callback receivers that misbehave in every way, with as many events waiting for each.

A storm is sent while five receivers hang, are dead, redirect to this machine, answer 500, or reset
the connection, and one works. Then the five are mended. `check_storm` tells that nothing was lost, that
nobody waited for anybody, and that each recipient's events came in their order.
"""

import asyncio
from collections import defaultdict
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import groupby

from aiohttp import web
from tests.support.callback_receiver import CallbackReceiver, Taken, yes
from tests.support.event_load import event_of, fill_mails, record_events

from tayori.events.model import EventKind

WAYS = ("works", "hangs", "dead", "redirects", "refuses", "resets")
KINDS = (EventKind.DEFERRED, EventKind.DELIVERED, EventKind.OPEN, EventKind.CLICK)
"""What happens to each recipient, in this order."""


@dataclass(kw_only=True)
class Storm:
    """What a storm came to."""

    expected: dict[str, set[str]]
    """The addresses whose events go to each receiver."""
    came: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """What each receiver took for good: (address, event)."""
    waited: dict[str, int] = field(default_factory=dict)
    """Calls that waited for each receiver when the one that works had all of its own."""
    inside: int = 0
    """Calls that followed a redirect to this machine."""


async def storm(world, events: int) -> Storm:
    """Send so many events of a `World` to all receivers, mend them, and send the rest."""
    async with AsyncExitStack() as stack:
        receivers = {
            way: await stack.enter_async_context(CallbackReceiver())
            for way in WAYS
            if way != "dead"
        }
        trap = await stack.enter_async_context(CallbackReceiver())
        gate = asyncio.Event()
        stack.callback(gate.set)
        for way, receiver in receivers.items():
            receiver.behave = _behaviour(way, trap.url, gate)
        async with CallbackReceiver() as gone:
            urls = {way: each.url for way, each in receivers.items()} | {"dead": gone.url}
        endpoints = {
            way: await world.endpoint(urls[way], f"{way}@mail.test", world.account.id)
            for way in WAYS
        }
        made = await _happen(world, events)
        while sum((await world.endpoints.waiting()).values()) < events:
            await world.selection.run()
        while (await world.endpoints.waiting()).get(endpoints["works"].id):
            await world.send()
            # On a slow machine a call may take too long even here: it is due again then.
            world.clock.advance(6_000)
        waiting = await world.endpoints.waiting()
        made.waited = {way: waiting.get(endpoints[way].id, 0) for way in WAYS}
        made.came["works"] = _taken(receivers["works"].taken)
        late = await stack.enter_async_context(CallbackReceiver())
        await world.endpoint(late.url, "dead@mail.test", world.account.id)
        gate.set()
        for receiver in receivers.values():
            receiver.behave = yes
            receiver.taken.clear()
        receivers["dead"] = late
        while sum((await world.endpoints.waiting()).values()):
            world.clock.advance(3_600_000)
            await world.send()
        made.came |= {way: _taken(receivers[way].taken) for way in WAYS if way != "works"}
        made.inside = len(trap.taken)
    return made


def check_storm(made: Storm) -> None:
    """Fail if an event was lost, came out of order, or waited for a receiver of others."""
    wanted = [kind.value for kind in KINDS]
    assert made.inside == 0
    for way, addresses in made.expected.items():
        told = defaultdict(list)
        for address, event in made.came[way]:
            told[address].append(event)
        assert set(told) == addresses, way
        # A call whose answer came too late is repeated before the next one of its recipient.
        once = [[event for event, _ in groupby(events)] for events in told.values()]
        assert all(events == wanted for events in once), way
        whole = len(addresses) * len(KINDS)
        assert made.waited[way] == (0 if way == "works" else whole), way


async def _happen(world, events: int) -> Storm:
    mails = range(1, events // len(KINDS) + 1)
    assert len(mails) * len(KINDS) == events
    now = world.clock.now()

    def owner(number: int) -> tuple[int, str]:
        return world.account.id, f"{WAYS[number % len(WAYS)]}@mail.test"

    await fill_mails(world.database, mails, owner, now)
    happened = (event_of(number, world.account.id, kind, now) for kind in KINDS for number in mails)
    await record_events(world.database, happened, 500)
    expected = defaultdict(set)
    for number in mails:
        expected[WAYS[number % len(WAYS)]].add(f"u{number}@x{number % 50}.test")
    return Storm(expected=dict(expected))


def _behaviour(way: str, trap: str, gate: asyncio.Event):
    async def hang(taken: Taken) -> web.Response:
        await gate.wait()
        return await yes(taken)

    async def redirect(_taken: Taken) -> web.Response:
        return web.Response(status=307, headers={"Location": trap})

    async def refuse(_taken: Taken) -> web.Response:
        return web.Response(status=500, text="no")

    async def reset(taken: Taken) -> web.Response:
        taken.transport.abort()
        return web.Response()

    ways = {"hangs": hang, "redirects": redirect, "refuses": refuse, "resets": reset}
    return ways.get(way, yes)


def _taken(taken: list[Taken]) -> list[tuple[str, str]]:
    return [(one.event["email"], one.event["event"]) for one in taken]
