"""What runs in a process: parts that start in order, are ready, drain and stop in reverse.

A part that fails while it runs stops the process: the supervisor starts it anew, and leases that
run out give its work to others, so dying loudly is safer than living half.
"""

import asyncio
import signal
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol

from tayori.runtime import log


class Service(Protocol):
    """One part of a process."""

    async def start(self) -> None:
        """Return when it does its work; from then on it may only stop by `stop`."""
        ...

    async def stop(self) -> None:
        """Take nothing new, finish what runs within a bound, and return."""
        ...


class Background:
    """A service that is one endless coroutine. `stop` asks it to end and waits for it."""

    def __init__(
        self,
        name: str,
        run: Callable[[], Coroutine[Any, Any, None]],
        ask_to_stop: Callable[[], None],
    ) -> None:
        self._name = name
        self._run = run
        self._ask = ask_to_stop
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin the coroutine; its failure stops the process."""
        self._task = asyncio.create_task(self._run(), name=self._name)
        self._task.add_done_callback(_fail_loudly)

    async def stop(self) -> None:
        """Ask, then wait for the end."""
        self._ask()
        if self._task is not None:
            await asyncio.wait({self._task})


class Periodic:
    """A service that does `work` every `every_s` seconds; a failure is logged and tried again."""

    def __init__(
        self, name: str, every_s: float, work: Callable[[], Coroutine[Any, Any, object]]
    ) -> None:
        self._name = name
        self._every_s = every_s
        self._work = work
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin; the first work is done at once."""
        self._task = asyncio.create_task(self._run(), name=self._name)

    async def stop(self) -> None:
        """Finish the work under way and end."""
        self._stopping.set()
        if self._task is not None:
            await asyncio.wait({self._task})

    async def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                await self._work()
            except Exception:
                log.get("service").exception("periodic_failed", work=self._name)
            try:
                await asyncio.wait_for(self._stopping.wait(), self._every_s)
            except TimeoutError:
                continue


def _fail_loudly(task: "asyncio.Task[None]") -> None:
    if task.cancelled() or task.exception() is None:
        return
    log.get("service").error("service_failed", work=task.get_name(), exc_info=task.exception())
    signal.raise_signal(signal.SIGTERM)


def stop_on_signals(stopping: asyncio.Event) -> None:
    """Set the event at SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)


async def run(
    services: Sequence[Service], stopping: asyncio.Event, on_ready: Callable[[], None]
) -> None:
    """Start the services in order, say ready, wait for the event, stop them in reverse order."""
    started: list[Service] = []
    try:
        for service in services:
            await service.start()
            started.append(service)
        on_ready()
        await stopping.wait()
    finally:
        for service in reversed(started):
            await service.stop()
