"""The reader of the event feed that keeps domains' figures and levels up to date.

Several may run at once, in several processes: a batch is counted by the one that moves the cursor.
"""

from typing import Final

from tayori.events.feed_store import Horizon
from tayori.reputation.figure_store import FigureStore
from tayori.reputation.level_store import LevelStore
from tayori.runtime.clock import MINUTE, Clock

AT_ONCE: Final = 1_000
"""Events in a transaction."""
BATCHES: Final = 30
"""Transactions in a run, so that a process with much to catch up on can be stopped soon."""
DAYS_AT_ONCE: Final = 100
IDLE_MS: Final = 10 * MINUTE


class Levels:
    """Raises, lowers and stops domains by what becomes of their mails."""

    def __init__(
        self,
        *,
        figures: FigureStore,
        levels: LevelStore,
        horizon: Horizon,
        clock: Clock,
        idle_days: int,
        at_once: int = AT_ONCE,
    ) -> None:
        self._figures = figures
        self._levels = levels
        self._horizon = horizon
        self._clock = clock
        self._idle_days = idle_days
        self._at_once = at_once
        self._looked_at = 0

    async def run(self) -> None:
        """Count what is known to be complete and judge it; days that are over are judged whole."""
        until = await self._horizon.reach()
        for _ in range(BATCHES):
            if await self.step(until) < self._at_once:
                await self._close()
                return

    async def step(self, until: int) -> int:
        """Count one batch of events up to number `until`; return how many were read."""
        batch = await self._figures.next_batch(until, self._at_once)
        if batch is None:
            return 0
        await self._figures.add(batch, self._clock.now())
        return batch.read

    async def _close(self) -> None:
        while await self._figures.close_days(self._clock.now(), DAYS_AT_ONCE) == DAYS_AT_ONCE:
            pass

    async def sweep(self) -> None:
        """Forget what is old, and let domains begin again that were silent for long."""
        while await self._figures.forget(self._clock.now()):
            pass
        now = self._clock.now()
        if self._idle_days and not 0 <= now - self._looked_at < IDLE_MS:
            self._looked_at = now
            await self._levels.restart_idle(now, self._idle_days, DAYS_AT_ONCE)
