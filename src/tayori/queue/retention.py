"""Forgets what is old, in small steps: mails with their attempts and events, then other events.

Statistics stay, since they are counted apart (`stats`). Killed at any point, it has forgotten some
mails wholly and others not at all.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from tayori.queue.retention_store import RetentionStore, Visited
from tayori.runtime import log
from tayori.runtime.clock import DAY, Clock

AT_ONCE: Final = 500
"""Mails or events in a transaction, so that nobody waits long for it."""
BATCHES: Final = 100
"""Transactions in a run, so that a process with much to forget can be stopped soon."""
BARREN: Final = 4
"""Batches without anything old after which what follows is taken to be younger still."""


class Retention:
    """Forgets mails and events that are older than `days`."""

    def __init__(
        self, *, store: RetentionStore, clock: Clock, days: int, at_once: int = AT_ONCE
    ) -> None:
        self._store = store
        self._clock = clock
        self._days = days
        self._at_once = at_once

    async def run(self) -> int:
        """Forget as far as one run goes; return how many mails and events that were."""
        before = self._clock.now() - self._days * DAY
        mails = await self._walk(self._store.forget_mails, before)
        events = await self._walk(self._store.forget_events, before)
        if mails or events:
            log.get("retention").info("forgotten", mails=mails, events=events)
        return mails + events

    async def _walk(
        self, forget: Callable[[int, int, int], Awaitable[Visited]], before: int
    ) -> int:
        after = total = barren = 0
        for _ in range(BATCHES):
            visited = await forget(before, after, self._at_once)
            after, total = visited.last, total + visited.forgotten
            barren = 0 if visited.old else barren + 1
            if visited.read < self._at_once or barren == BARREN:
                break
        return total
