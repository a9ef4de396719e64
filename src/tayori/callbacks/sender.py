"""Sends one endpoint's calls: some at a time, those of a recipient one after the other.

An endpoint that fails time after time rests, longer each time, and is then tried with one call; so
a dead one costs next to nothing, however much waits for it, and holds nobody else up.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from tayori.callbacks.model import RETRIED_MS, Answer, Call, Endpoint
from tayori.callbacks.store import CallbackStore
from tayori.refusal.saying import Saying, say
from tayori.runtime import log
from tayori.runtime.clock import MINUTE, SECOND, Clock

READ_AT_ONCE: Final = 200
SETTLED_AT_ONCE: Final = 50
LINGER_S: Final = 0.05
TRUSTED_FAILURES: Final = 10
"""Failures in a row, without any success, after which the endpoint rests."""
FIRST_REST_MS: Final = 5 * SECOND
LONGEST_REST_MS: Final = 5 * MINUTE


SwitchedOff = Callable[[Endpoint, Saying], Awaitable[None]]
"""Hears of an endpoint that is called no more, and why."""


class Posting(Protocol):
    """Whatever makes a call."""

    async def post(self, endpoint: Endpoint, call_id: int, body: str) -> Answer:
        """Post a body and return what was answered."""
        ...


class EndpointSender:
    """Works on what is due for one endpoint until nothing is, or until it has to rest."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        store: CallbackStore,
        poster: Posting,
        clock: Clock,
        at_once: int,
        switched_off: SwitchedOff | None = None,
    ) -> None:
        self._switched_off = switched_off
        self._endpoint = endpoint
        self._store = store
        self._poster = poster
        self._clock = clock
        self._failing_since = endpoint.failing_since
        self._failures = TRUSTED_FAILURES if endpoint.failing_since is not None else 0
        self._at_once = at_once
        self._known: set[int] = set()
        self._waiting: deque[Call] = deque()
        self._posting: set[asyncio.Task[None]] = set()
        self._results: list[tuple[Call, Answer]] = []
        self._stopping = False

    def stop(self) -> None:
        """Begin no further call."""
        self._stopping = True

    async def run(self) -> None:
        """Send until nothing is due."""
        try:
            while await self._refill() or self._posting or self._results:
                await self._turn()
        finally:
            for task in self._posting:
                task.cancel()
            await asyncio.gather(*self._posting, return_exceptions=True)

    @property
    def _rests(self) -> bool:
        return self._stopping or self._failures > TRUSTED_FAILURES

    async def _refill(self) -> bool:
        """Read what else is due; tell whether there is something to begin."""
        if self._rests:
            self._known.difference_update(call.id for call in self._waiting)
            self._waiting.clear()
            return False
        if len(self._waiting) < self._at_once:
            most = READ_AT_ONCE + len(self._known)
            due = await self._store.due(self._endpoint.id, self._clock.now(), most)
            fresh = [call for call in due if call.id not in self._known]
            self._known.update(call.id for call in fresh)
            self._waiting.extend(fresh)
        return bool(self._waiting)

    async def _turn(self) -> None:
        # An endpoint that has failed is asked with one call, not with as many as it may get.
        room = 1 if self._failures >= TRUSTED_FAILURES else self._at_once
        while self._waiting and len(self._posting) < room and not self._rests:
            task = asyncio.create_task(self._post(self._waiting.popleft()), name="callback")
            self._posting.add(task)
            task.add_done_callback(self._posting.discard)
        if self._posting:
            await asyncio.wait(self._posting, return_when=asyncio.FIRST_COMPLETED)
        if len(self._results) >= SETTLED_AT_ONCE or not (self._posting or self._waiting):
            await self._settle()
        elif self._results:
            await self._linger()

    async def _linger(self) -> None:
        """Write results that have waited, when the calls that go on take long."""
        if self._posting and not self._waiting:
            await asyncio.wait(self._posting, timeout=LINGER_S)
            await self._settle()

    async def _post(self, call: Call) -> None:
        answer = await self._poster.post(self._endpoint, call.id, call.body)
        self._results.append((call, answer))
        if answer.taken:
            self._failures = 0
            self._failing_since = None
            return
        self._failures += 1
        if self._failing_since is None:
            self._failing_since = answer.at

    async def _settle(self) -> None:
        results, self._results = self._results, []
        if not results:
            return
        now = self._clock.now()
        rest = now + self._rest_ms(now) if self._failures > TRUSTED_FAILURES else 0
        await self._store.settle(self._endpoint.id, results, self._failing_since, rest)
        self._known.difference_update(call.id for call, _ in results)
        if self._failing_since is not None and now - self._failing_since >= RETRIED_MS:
            await self._give_up(results[-1][1], now)

    def _rest_ms(self, now: int) -> int:
        """Return a rest that grows with the time since the endpoint began to fail."""
        failing_ms = now - (self._failing_since if self._failing_since is not None else now)
        return max(FIRST_REST_MS, min(LONGEST_REST_MS, failing_ms))

    async def _give_up(self, last: Answer, now: int) -> None:
        why = last.error or say("HTTP status {status}", status=last.status)
        reason = say(
            "Every call failed for {hours} hours; the last: {why}",
            hours=RETRIED_MS // SECOND // 3600,
            why=why,
        )
        await self._store.switch_off(self._endpoint, reason, now)
        self._stopping = True
        log.get("callbacks").warning(
            "endpoint_switched_off", endpoint=self._endpoint.id, reason=str(reason)
        )
        if self._switched_off is not None:
            await self._switched_off(self._endpoint, reason)
