"""Writes visits behind the answers: noting one costs an append, never a wait.

A burst fills a buffer of bounded size; what does not fit, and what one recipient's links fetch
beyond a bound, is not kept and counted in a metric. A process that is killed loses what it noted in
its last fraction of a second.
"""

import asyncio
import contextlib
from collections import Counter, deque
from typing import Final

from tayori.db.database import DatabaseBusyError
from tayori.inbound.visit_store import VisitStore
from tayori.inbound.visits import Visit
from tayori.runtime import log, metrics
from tayori.runtime.clock import MINUTE

MOST_WAITING: Final = 50_000
MOST_AT_ONCE: Final = 1_000
MOST_PER_MINUTE: Final = 120
"""Visits of one recipient: more than any reader and all scanners together make."""
FLUSH_S: Final = 0.1

_logger = log.get("edge.public")


class VisitLog:
    """A service that writes, soon and at the stop, what was noted."""

    def __init__(self, store: VisitStore, *, most_waiting: int = MOST_WAITING) -> None:
        self._store = store
        self._most_waiting = most_waiting
        self._waiting: deque[Visit] = deque()
        self._minute = 0
        self._counted: Counter[int] = Counter()
        self._stopping = asyncio.Event()
        self._noted = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None

    def note(self, visit: Visit) -> None:
        """Remember a visit until it is written."""
        minute = visit.at // MINUTE
        if minute != self._minute:
            self._minute, self._counted = minute, Counter()
        self._counted[visit.recipient_id] += 1
        too_many = self._counted[visit.recipient_id] > MOST_PER_MINUTE
        if too_many or len(self._waiting) >= self._most_waiting:
            metrics.VISITS_DROPPED.inc()
            return
        self._waiting.append(visit)
        self._noted.set()

    async def start(self) -> None:
        """Begin to write."""
        self._writer = asyncio.create_task(self._run(), name="visits")

    async def stop(self) -> None:
        """Write what is left, once; requests have ended before."""
        self._stopping.set()
        self._noted.set()
        if self._writer is not None:
            await asyncio.wait({self._writer})
        await self.flush()

    async def flush(self) -> None:
        """Write what waits; what the database cannot take at the moment waits on."""
        while self._waiting:
            count = min(len(self._waiting), MOST_AT_ONCE)
            batch = [self._waiting.popleft() for _ in range(count)]
            try:
                await self._store.add(batch)
            except DatabaseBusyError:
                self._waiting.extendleft(reversed(batch))
                _logger.warning("visits_wait", visits=len(self._waiting))
                return
            except Exception:
                _logger.exception("visits_lost", visits=count)
                metrics.VISITS_DROPPED.inc(count)

    async def _run(self) -> None:
        while not self._stopping.is_set():
            await self._noted.wait()
            self._noted.clear()
            await self.flush()
            # Company is collected for a moment, so that a burst shares its commits.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), FLUSH_S)
            if self._waiting:
                self._noted.set()
