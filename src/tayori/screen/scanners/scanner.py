"""All configured engines as one: malware first, then spam; who cannot be asked delays."""

import asyncio
from collections.abc import Sequence
from typing import TypedDict

from tayori.config.screening import ScanSettings
from tayori.runtime.clock import Clock
from tayori.screen.scanners.breaker import Breaker
from tayori.screen.scanners.clamd import Clamd
from tayori.screen.scanners.model import Clean, Engine, EngineState, ScanResult
from tayori.screen.scanners.rspamd import Rspamd
from tayori.screen.scanners.spamd import Spamd


class Scanner:
    """Asks the engines that concern a mail, one after another."""

    def __init__(self, *, malware: Sequence[Breaker] = (), spam: Sequence[Breaker] = ()) -> None:
        self._malware = tuple(malware)
        self._spam = tuple(spam)

    @property
    def finds_malware(self) -> bool:
        """Tell whether there is an engine for malware."""
        return bool(self._malware)

    @property
    def finds_spam(self) -> bool:
        """Tell whether there is an engine for spam."""
        return bool(self._spam)

    async def scan(self, octets: bytes, *, malware: bool, spam: bool) -> ScanResult:
        """Return the first answer that is not Clean."""
        engines = (*(self._malware if malware else ()), *(self._spam if spam else ()))
        for engine in engines:
            result = await engine.scan(octets)
            if not isinstance(result, Clean):
                return result
        return Clean()

    def states(self) -> list[EngineState]:
        """Return how the engines stand with this process."""
        malware = [engine.state("malware") for engine in self._malware]
        return malware + [engine.state("spam") for engine in self._spam]

    async def probe(self, octets: bytes) -> list[tuple[EngineState, ScanResult]]:
        """Ask every engine about a mail, whatever the others say."""
        engines = [(engine, "malware") for engine in self._malware]
        engines += [(engine, "spam") for engine in self._spam]
        results = await asyncio.gather(*(engine.scan(octets) for engine, _ in engines))
        return [
            (engine.state(finds), result)
            for (engine, finds), result in zip(engines, results, strict=True)
        ]

    async def close(self) -> None:
        """Close all connections."""
        for engine in (*self._malware, *self._spam):
            await engine.close()


class _Bounds(TypedDict):
    timeout_s: float
    at_once: int


def scanner_of(settings: ScanSettings, clock: Clock) -> Scanner | None:
    """Return the engines of the settings, None without any."""
    bounds: _Bounds = {"timeout_s": settings.timeout_s, "at_once": settings.at_once}
    malware = [Clamd(settings.clamd, **bounds)] if settings.clamd else []
    spam: list[Engine] = []
    if settings.spamd:
        spam.append(Spamd(settings.spamd, **bounds))
    if settings.rspamd:
        spam.append(Rspamd(settings.rspamd, **bounds))
    if not malware and not spam:
        return None
    return Scanner(
        malware=[Breaker(engine, clock) for engine in malware],
        spam=[Breaker(engine, clock) for engine in spam],
    )
