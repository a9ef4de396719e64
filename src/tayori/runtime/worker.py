"""A service that takes one step after the other while there is work, and rests when there is none.

Failure rules: a step that fails is logged and taken again after a rest; it must have left nothing
behind. `stop` lets the step under way come to its end.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from tayori.runtime import log
from tayori.runtime.service import Background

LOOK_S = 1.0
"""Longest rest: signals may be lost, and work may become due by time alone."""


class Signal(Protocol):
    """Wakes whoever rests."""

    async def wait(self, timeout_s: float) -> None:
        """Return at a signal since the last wait, or after the time."""
        ...

    async def close(self) -> None:
        """Listen no more."""
        ...


class Worker(Background):
    """Calls `step` until it answers that there was nothing to do, then waits for `signal`."""

    def __init__(
        self, name: str, step: Callable[[], Coroutine[Any, Any, bool]], signal: Signal
    ) -> None:
        super().__init__(name, self._go_on, self._ask_to_end)
        self._what = name
        self._step = step
        self._signal = signal
        self._ending = asyncio.Event()

    def _ask_to_end(self) -> None:
        self._ending.set()

    async def _go_on(self) -> None:
        while not self._ending.is_set():
            try:
                worked = await self._step()
            except Exception:
                # The step left nothing behind, so it is simply taken again.
                log.get("worker").exception("step_failed", work=self._what)
                worked = False
            if not worked and not self._ending.is_set():
                await self._rest()
        await self._signal.close()

    async def _rest(self) -> None:
        signal = asyncio.create_task(self._signal.wait(LOOK_S))
        end = asyncio.create_task(self._ending.wait())
        _, pending = await asyncio.wait({signal, end}, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
