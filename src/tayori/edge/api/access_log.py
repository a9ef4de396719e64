"""Writes the log of API calls behind the calls: noting one costs an append, never a wait.

The log is kept as well as can be without standing in the way of anything. A call that finds the
buffer full is not logged; a batch that the database cannot take at the moment is tried again with
the next one, and one that it refuses is given up. What is lost is counted in a metric. A process
that is killed loses what it noted in its last second.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from tayori.db.database import DatabaseBusyError
from tayori.runtime import log, metrics
from tayori.tenants.api_log import AccessRecord

MOST_WAITING = 20_000
"""Calls in the buffer, some megabytes: ten seconds of a very busy server."""
MOST_AT_ONCE = 1_000
FLUSH_S = 1.0

_logger = log.get("edge.api")


class Sink(Protocol):
    """Keeps calls."""

    async def add(self, records: Sequence[AccessRecord]) -> None:
        """Write calls in one transaction."""
        ...


class AccessLog:
    """A service that writes, at least each `flush_s` seconds and at the stop, what was noted."""

    def __init__(
        self, sink: Sink, *, most_waiting: int = MOST_WAITING, flush_s: float = FLUSH_S
    ) -> None:
        self._sink = sink
        self._most_waiting = most_waiting
        self._flush_s = flush_s
        self._waiting: deque[AccessRecord] = deque()
        self._stopping = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None

    def note(self, record: AccessRecord) -> None:
        """Remember an authenticated call until it is written; others belong to no account."""
        if record.account_id is None:
            return
        if len(self._waiting) >= self._most_waiting:
            metrics.API_LOG_DROPPED.inc()
            return
        self._waiting.append(record)

    async def start(self) -> None:
        """Begin to write."""
        self._writer = asyncio.create_task(self._run(), name="log of API calls")

    async def stop(self) -> None:
        """Write what is left, once; calls have ended before."""
        self._stopping.set()
        if self._writer is not None:
            await asyncio.wait({self._writer})
        await self.flush()
        self._drop(len(self._waiting))
        self._waiting.clear()

    async def flush(self) -> None:
        """Write what waits; what the database cannot take at the moment waits on."""
        while self._waiting:
            count = min(len(self._waiting), MOST_AT_ONCE)
            batch = [self._waiting.popleft() for _ in range(count)]
            try:
                await self._sink.add(batch)
            except DatabaseBusyError:
                self._waiting.extendleft(reversed(batch))
                _logger.warning("api_log_waits", calls=len(self._waiting))
                return
            except Exception:
                _logger.exception("api_log_failed", calls=count)
                self._drop(count)

    def _drop(self, count: int) -> None:
        metrics.API_LOG_DROPPED.inc(count)

    async def _run(self) -> None:
        while not self._stopping.is_set():
            await self.flush()
            try:
                await asyncio.wait_for(self._stopping.wait(), self._flush_s)
            except TimeoutError:
                continue
