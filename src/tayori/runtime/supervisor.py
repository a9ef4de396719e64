"""Starts the processes of a server, keeps them running, and stops them together.

A process that ends by itself is started again, at once the first time and more slowly while it
keeps failing; its sockets stay open meanwhile, so clients wait instead of being refused. A process
that does not stop within the bound is killed: leases and transactions make that harmless.

Processes are forked from a server that has read all modules once and does nothing else (the
`forkserver` of multiprocessing), so that a start costs no second reading and no thread or
descriptor of the supervisor gets into a process by accident.
"""

import asyncio
import multiprocessing
import os
import signal
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from typing import Any, Final

from setproctitle import setproctitle

from tayori.runtime import control, log
from tayori.runtime.control import ControlLine

SLOWEST_RESTART_S = 10.0
STEADY_S = 30.0
"""Seconds after which a process that ends counts as one that ran well."""
_STATUS_S: Final = 5.0
"""Seconds in which the status of a process that ended becomes known."""
_UNKNOWN: Final = -1
_LAST_READ: Final = "tayori.runtime.fork_server"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSpec:
    """A process: a function of a module, called with the arguments and its control line.

    Arguments are pickled; listening sockets may be among them.
    """

    name: str
    target: Callable[..., None]
    arguments: tuple[Any, ...] = ()


def read_ahead(modules: Sequence[str]) -> None:
    """Start the server that forks processes, and have it read these modules meanwhile.

    Its environment is that of now. Without this call it starts with the first process.
    """
    multiprocessing.get_context("forkserver").set_forkserver_preload([*modules, _LAST_READ])
    forkserver.ensure_running()


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
        self._context = multiprocessing.get_context("forkserver")
        self._starting = asyncio.Lock()

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
            process = await self._started(spec, theirs)
        finally:
            theirs.close()
        child = process.pid or 0
        self._log.info("process_started", process=spec.name, child=child)
        hearing = asyncio.create_task(self._hear(spec, ours))
        try:
            return await self._until_end(process, stopping)
        finally:
            hearing.cancel()
            ours.close()
            self._on_end(child)

    async def _started(self, spec: ProcessSpec, line: socket.socket) -> BaseProcess:
        process = self._context.Process(
            target=_be, name=spec.name, args=(spec.target, spec.arguments, line)
        )
        # Starting waits for the server that forks, which at first has all modules to read.
        async with self._starting:
            await asyncio.to_thread(process.start)
        return process

    async def _hear(self, spec: ProcessSpec, line: socket.socket) -> None:
        heard = await asyncio.get_running_loop().sock_recv(line, 64)
        if heard:
            self._ready[spec.name].set()

    async def _until_end(self, process: BaseProcess, stopping: asyncio.Event) -> int:
        ended = asyncio.create_task(_ended(process))
        asked = asyncio.create_task(stopping.wait())
        await asyncio.wait({ended, asked}, return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        if not ended.done():
            _signal(process, signal.SIGTERM)
            await asyncio.wait({ended}, timeout=self._stop_s)
        if not ended.done():
            self._log.warning("process_killed", child=process.pid)
            _signal(process, signal.SIGKILL)
        return await ended


def _be(target: Callable[..., None], arguments: tuple[Any, ...], line: socket.socket) -> None:
    """Be a process: what the forked process runs."""
    setproctitle(f"tayori: {multiprocessing.current_process().name}")
    # A terminal's Ctrl-C reaches the supervisor alone, which stops all in order.
    os.setsid()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    target(*arguments, ControlLine(line))


def _signal(process: BaseProcess, number: signal.Signals) -> None:
    if process.pid is not None:
        try:
            os.kill(process.pid, number)
        except ProcessLookupError:
            return


async def _ended(process: BaseProcess) -> int:
    """Return the status of a process when it has ended, negative for a signal.

    The process itself is watched, not what the forking server says of it, which may die earlier.
    """
    loop = asyncio.get_running_loop()
    try:
        watched = os.pidfd_open(process.pid or 0)
    except ProcessLookupError:
        watched = -1
    if watched >= 0:
        over = asyncio.Event()
        loop.add_reader(watched, over.set)
        try:
            await over.wait()
        finally:
            loop.remove_reader(watched)
            os.close(watched)
    await asyncio.to_thread(process.join, _STATUS_S)
    status = process.exitcode
    return _UNKNOWN if status is None else status


async def _either(stopping: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stopping.wait(), seconds)
    except TimeoutError:
        return
