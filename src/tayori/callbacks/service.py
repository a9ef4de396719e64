"""The role that makes calls: events become calls, and endpoints with calls get a sender each."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from tayori.callbacks.model import Endpoint
from tayori.callbacks.sender import EndpointSender, Posting, SwitchedOff
from tayori.callbacks.store import CallbackStore, LostRaceError
from tayori.events.feed_store import Horizon
from tayori.runtime import log
from tayori.runtime.clock import SECOND, Clock

SELECTED_AT_ONCE: Final = 500
BATCHES: Final = 40
LOOK_S: Final = 0.5
LEASE_MS: Final = 60 * SECOND
EXTEND_S: Final = 15.0
MOST_SENDERS: Final = 100
"""Endpoints that one process works for at a time."""
FINISH_S: Final = 15.0


class Selection:
    """Reads the event feed and makes calls of what endpoints want to hear."""

    def __init__(self, store: CallbackStore, horizon: Horizon, clock: Clock) -> None:
        self._store = store
        self._horizon = horizon
        self._clock = clock

    async def run(self) -> None:
        """Make calls of what is known to be complete, as far as one run goes."""
        until = await self._horizon.reach()
        for _ in range(BATCHES):
            try:
                read = await self._store.select(until, SELECTED_AT_ONCE, self._clock.now())
            except LostRaceError:
                return
            if read < SELECTED_AT_ONCE:
                return


class Dispatcher:
    """Looks for endpoints with something due and runs a sender for each; a service."""

    def __init__(
        self,
        *,
        owner: str,
        store: CallbackStore,
        poster: Posting,
        clock: Clock,
        at_once: int,
        switched_off: SwitchedOff | None = None,
    ) -> None:
        self._switched_off = switched_off
        self._owner = owner
        self._store = store
        self._poster = poster
        self._clock = clock
        self._at_once = at_once
        self._senders: dict[int, EndpointSender] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._keeping: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to look."""
        self._keeping = [
            asyncio.create_task(self._every(LOOK_S, self.look), name="callbacks"),
            asyncio.create_task(self._every(EXTEND_S, self._extend), name="callback leases"),
        ]

    async def stop(self) -> None:
        """Begin no further call; those under way have a bound."""
        for task in self._keeping:
            task.cancel()
        await asyncio.gather(*self._keeping, return_exceptions=True)
        for sender in self._senders.values():
            sender.stop()
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=FINISH_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def look(self) -> int:
        """Take endpoints that have something due; return how many were taken."""
        room = MOST_SENDERS - len(self._senders)
        if room <= 0:
            return 0
        now = self._clock.now()
        taken = await self._store.claim(self._owner, now, now + LEASE_MS, room)
        for endpoint in taken:
            task = asyncio.create_task(self._send(endpoint), name=f"endpoint {endpoint.id}")
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return len(taken)

    async def idle(self) -> None:
        """Return when no sender is at work."""
        while self._running:
            await asyncio.wait(set(self._running))

    async def _send(self, endpoint: Endpoint) -> None:
        sender = EndpointSender(
            endpoint,
            store=self._store,
            poster=self._poster,
            clock=self._clock,
            at_once=self._at_once,
            switched_off=self._switched_off,
        )
        self._senders[endpoint.id] = sender
        try:
            await sender.run()
        except Exception:
            # The lease runs out by itself; until then nobody runs into the same fault again.
            log.get("callbacks").exception("sender_failed", endpoint=endpoint.id)
        else:
            await self._store.release(self._owner, endpoint.id)
        finally:
            del self._senders[endpoint.id]

    async def _extend(self) -> None:
        if self._senders:
            until = self._clock.now() + LEASE_MS
            await self._store.extend(self._owner, list(self._senders), until)

    async def _every(self, pause_s: float, work: Callable[[], Awaitable[object]]) -> None:
        while True:
            try:
                await work()
            except Exception:
                log.get("callbacks").exception("callbacks_failed")
            await asyncio.sleep(pause_s)
