"""One process of a server: what it does by its kind. All rooms are read here."""

import asyncio

from tayori.app.chores import chores
from tayori.app.delivery import delivery
from tayori.app.doors import doors
from tayori.app.listeners import Sockets
from tayori.app.parts import Parts, opened
from tayori.app.roles import ROLES, Kind, Role
from tayori.config.tree import Settings
from tayori.runtime.control import ControlLine
from tayori.runtime.garbage import spare_the_lasting
from tayori.runtime.service import Service, run, stop_on_signals


def services_of(
    kind: Kind, roles: frozenset[Role], parts: Parts, sockets: Sockets
) -> list[Service]:
    """Return what a process of this kind runs."""
    match kind:
        case Kind.DOORS:
            return doors(parts, sockets, roles)
        case Kind.DELIVERY:
            return delivery(parts)
        case Kind.CHORES:
            return chores(parts, roles & ROLES[kind])


async def run_process(
    settings: Settings, kind: Kind, roles: frozenset[Role], sockets: Sockets, line: ControlLine
) -> None:
    """Run until SIGTERM, or until the supervisor is gone."""
    stopping = asyncio.Event()
    stop_on_signals(stopping)
    line.watch(stopping)
    async with opened(settings) as parts:

        def on_ready() -> None:
            spare_the_lasting()
            line.say_ready()

        await run(services_of(kind, roles, parts, sockets), stopping, on_ready)
    line.close()
