"""Starts the processes of a server, keeps them running, and stops them together.

A process that ends by itself is started again, at once the first time and more slowly while it
keeps failing; its sockets stay open meanwhile, so clients wait instead of being refused. A process
that does not stop within the bound is killed: leases and transactions make that harmless.
"""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tayori.runtime import control, log

SLOWEST_RESTART_S = 10.0
STEADY_S = 30.0
"""Seconds after which a process that ends counts as one that ran well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSpec:
    """A process: arguments after the interpreter, and descriptors that it inherits.

    `{control}` in an argument becomes the number of its control line.
    """

    name: str
    arguments: Sequence[str]
    descriptors: Sequence[int] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


class Supervisor:
    """Runs processes until it is told to stop. `stop_s` bounds their farewell."""

    def __init__(
        self,
        specs: Sequence[ProcessSpec],
        *,
        stop_s: float,
        on_end: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._specs = tuple(specs)
        self._stop_s = stop_s
        self._on_end = on_end
        self._ready = {spec.name: asyncio.Event() for spec in self._specs}
        self._log = log.get("supervisor")

    async def run(self, stopping: asyncio.Event, on_ready: Callable[[], None]) -> None:
        """Keep every process running until the event; `on_ready` once all of them are ready."""
        keepers = [asyncio.create_task(self._keep(spec, stopping)) for spec in self._specs]
        all_ready = asyncio.create_task(self._all_ready())
        stopped = asyncio.create_task(stopping.wait())
        await asyncio.wait({all_ready, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if all_ready.done():
            on_ready()
        else:
            all_ready.cancel()
        await stopped
        await asyncio.gather(*keepers)

    async def _all_ready(self) -> None:
        for ready in self._ready.values():
            await ready.wait()

    async def _keep(self, spec: ProcessSpec, stopping: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        pause = 0.0
        while not stopping.is_set():
            began = loop.time()
            status = await self._run_once(spec, stopping)
            if stopping.is_set():
                return
            steady = loop.time() - began > STEADY_S
            self._log.error("process_ended", process=spec.name, status=status, restart_in_s=pause)
            await _either(stopping, pause)
            pause = 0.0 if steady else min(SLOWEST_RESTART_S, max(0.5, pause * 2))

    async def _run_once(self, spec: ProcessSpec, stopping: asyncio.Event) -> int:
        ours, theirs = control.pair()
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *(part.replace("{control}", str(theirs.fileno())) for part in spec.arguments),
                pass_fds=(*spec.descriptors, theirs.fileno()),
                env={**os.environ, **spec.environment},
                # A terminal's Ctrl-C reaches the supervisor alone, which stops all in order.
                start_new_session=True,
            )
        finally:
            theirs.close()
        self._log.info("process_started", process=spec.name, child=process.pid)
        hearing = asyncio.create_task(self._hear(spec, ours))
        try:
            return await self._until_end(process, stopping)
        finally:
            hearing.cancel()
            ours.close()
            self._on_end(process.pid)

    async def _hear(self, spec: ProcessSpec, line: socket.socket) -> None:
        heard = await asyncio.get_running_loop().sock_recv(line, 64)
        if heard:
            self._ready[spec.name].set()

    async def _until_end(self, process: asyncio.subprocess.Process, stopping: asyncio.Event) -> int:
        ended = asyncio.create_task(process.wait())
        asked = asyncio.create_task(stopping.wait())
        await asyncio.wait({ended, asked}, return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        if not ended.done():
            process.send_signal(signal.SIGTERM)
            await asyncio.wait({ended}, timeout=self._stop_s)
        if not ended.done():
            self._log.warning("process_killed", child=process.pid)
            process.kill()
        return await ended


async def _either(stopping: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stopping.wait(), seconds)
    except TimeoutError:
        return
