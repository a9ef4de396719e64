"""Spares an engine that fails, and what waits for it: after some failures one probe at a time."""

from typing import Final

from tayori.refusal.saying import NOTHING, keep
from tayori.runtime import log
from tayori.runtime.clock import SECOND, Clock
from tayori.screen.scanners.model import Engine, EngineState, ScanResult, Unavailable

FAILURES: Final = 3
FIRST_REST_MS: Final = 5 * SECOND
LONGEST_REST_MS: Final = 60 * SECOND


class Breaker:
    """An engine behind a circuit breaker; the rest doubles with each probe that fails."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self.name = engine.name
        self._engine = engine
        self._clock = clock
        self._failures = 0
        self._rest_ms = FIRST_REST_MS
        self._closed_until = 0
        self._probing = False
        self._answered_at = 0
        self.fault = NOTHING
        """Why the engine cannot be used at present, `NOTHING` when it can."""

    def state(self, finds: str) -> EngineState:
        """Return how the engine stands; `finds` is what it is asked about."""
        resting = self._failures >= FAILURES
        return EngineState(
            name=self.name,
            finds=finds,
            fault=keep(self.fault),
            rests_until=self._closed_until if resting else 0,
            answered_at=self._answered_at,
        )

    async def scan(self, octets: bytes) -> ScanResult:
        """Ask the engine, or say at once that it rests."""
        if self._failures >= FAILURES:
            if self._probing or self._clock.now() < self._closed_until:
                return Unavailable(self.fault)
            self._probing = True
        try:
            result = await self._engine.scan(octets)
        finally:
            self._probing = False
        if isinstance(result, Unavailable):
            self._failed(result)
            return result
        self._answered_at = self._clock.now()
        if self._failures:
            self._recovered()
        return result

    async def close(self) -> None:
        """Close the engine."""
        await self._engine.close()

    def _failed(self, result: Unavailable) -> None:
        self._failures += 1
        self.fault = result.detail
        if self._failures < FAILURES:
            return
        if self._failures == FAILURES:
            log.get("screen").error("scanner_down", engine=self.name, detail=str(result.detail))
        self._closed_until = self._clock.now() + self._rest_ms
        self._rest_ms = min(LONGEST_REST_MS, self._rest_ms * 2)

    def _recovered(self) -> None:
        if self._failures >= FAILURES:
            log.get("screen").info("scanner_up", engine=self.name)
        self._failures, self._rest_ms, self.fault = 0, FIRST_REST_MS, NOTHING
