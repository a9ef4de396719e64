"""What an engine says about octets, as values; the unknown is never a yes."""

from dataclasses import dataclass
from typing import Protocol, TypeAlias


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

    detail: str


ScanResult: TypeAlias = Clean | Infected | Spam | Unavailable


class Engine(Protocol):
    """One engine. Never raises for what the engine or the network does."""

    name: str

    async def scan(self, octets: bytes) -> ScanResult:
        """Return what the engine says about a mail."""
        ...

    async def close(self) -> None:
        """Close its connections."""
        ...
