"""What an engine says about octets, as values; the unknown is never a yes."""

from dataclasses import dataclass
from typing import Protocol, TypeAlias

import msgspec

from tayori.refusal.saying import Saying, recall


@dataclass(frozen=True, slots=True)
class Clean:
    """Nothing was found."""


@dataclass(frozen=True, slots=True)
class Infected:
    """Malware, by the engine's name for it."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spam:
    """An engine takes it for spam; `score` of `limit` points, and the tests that gave most."""

    score: float
    limit: float
    tests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unavailable:
    """The engine could not tell: it is down, slow, or answers nonsense. `detail` says which."""

    detail: Saying


ScanResult: TypeAlias = Clean | Infected | Spam | Unavailable


class EngineState(msgspec.Struct, frozen=True, kw_only=True):
    """How an engine stands with one process. Times are milliseconds since the Unix epoch, 0 never.

    `finds` is "malware" or "spam", `fault` why it cannot be used at present as it is kept, "" when
    it can. While `rests_until` lies ahead the engine is spared and mails wait.
    """

    name: str
    finds: str
    fault: str = ""
    rests_until: int = 0
    answered_at: int = 0

    @property
    def why(self) -> Saying:
        """Return why it cannot be used."""
        return recall(self.fault)


class Engine(Protocol):
    """One engine. Never raises for what the engine or the network does."""

    name: str

    async def scan(self, octets: bytes) -> ScanResult:
        """Return what the engine says about a mail."""
        ...

    async def close(self) -> None:
        """Close its connections."""
        ...
