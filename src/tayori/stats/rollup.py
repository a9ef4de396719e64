"""The reader of the event feed that keeps the counts up to date.

Several may run at once, in several processes: a batch is counted by the one that moves the cursor.
Killed at any point, it has counted a batch wholly or not at all, and goes on with the next.
"""

from datetime import tzinfo
from typing import Final

from tayori.events.feed_store import Horizon
from tayori.stats.counting import count, count_keys, unsent
from tayori.stats.model import Counts
from tayori.stats.store import StatsStore

AT_ONCE: Final = 1_000
"""Events in a transaction."""
BATCHES: Final = 30
"""Transactions in a run, so that a process with much to catch up on can be stopped soon."""


class RollUp:
    """Counts events. `zone` is the one in which days begin."""

    def __init__(
        self, *, store: StatsStore, horizon: Horizon, zone: tzinfo, at_once: int = AT_ONCE
    ) -> None:
        self._store = store
        self._horizon = horizon
        self._zone = zone
        self._at_once = at_once

    async def run(self) -> None:
        """Count what is known to be complete, as far as one run goes."""
        until = await self._horizon.reach()
        for _ in range(BATCHES):
            if await self.step(until) < self._at_once:
                return

    async def step(self, until: int) -> int:
        """Count one batch of events up to number `until`; return how many were read."""
        batch = await self._store.next_batch(until, self._at_once)
        if batch is None:
            return 0
        counts = Counts(
            cells=count(batch, self._zone),
            keys=count_keys(batch, self._zone),
            unsent=unsent(batch, self._zone),
        )
        await self._store.add(batch, counts)
        return len(batch.facts)
