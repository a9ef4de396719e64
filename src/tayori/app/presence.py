"""Has a process say every few seconds that it lives, and how its scanners stand."""

import contextlib
import os
import socket
from importlib.metadata import version

import msgspec

from tayori.app.parts import Parts
from tayori.app.roles import Kind
from tayori.db.database import DatabaseBusyError
from tayori.db.roll_store import Process, RollStore
from tayori.runtime.service import Periodic
from tayori.screen.scanners.scanner import Scanner

EVERY_S = 10.0


class Presence:
    """A service of each process; what it cannot write now it writes the next time."""

    def __init__(self, parts: Parts, kind: Kind, scanner: Scanner | None = None) -> None:
        self._store = RollStore(parts.database)
        self._clock = parts.clock
        self._scanner = scanner
        host, pid = socket.gethostname(), os.getpid()
        now = parts.clock.now()
        self._process = Process(
            name=f"{host}/{pid}/{kind.value}",
            host=host,
            pid=pid,
            kind=kind.value,
            version=version("tayori"),
            started_at=now,
            seen_at=now,
        )
        self._saying = Periodic("presence", EVERY_S, self._say)

    async def start(self) -> None:
        """Begin to say it."""
        await self._saying.start()

    async def stop(self) -> None:
        """Say it no more, and leave the roll."""
        await self._saying.stop()
        # A process that cannot say so now falls silent instead.
        with contextlib.suppress(DatabaseBusyError):
            await self._store.gone(self._process.name)

    async def _say(self) -> None:
        states = self._scanner.states() if self._scanner else []
        await self._store.here(self._process.now(self._clock.now(), msgspec.json.encode(states)))
