"""What a receiver permits one sending address, and the count of what was done (pure).

A receiver judges as it sees things come: windows slide, so "100 in 60 seconds" means in any 60
seconds. Times are seconds of a clock that never goes back.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec


class Rule(StrEnum):
    """What a sender can break."""

    CONNECTIONS = "connections at once"
    CONNECTION_RATE = "connections in a window"
    MAILS_PER_CONNECTION = "mails on one connection"
    MAIL_RATE = "mails in a window"
    RECIPIENTS = "recipients of one mail"
    TLS = "mail in clear where TLS is demanded"


@dataclass(frozen=True, slots=True)
class Window:
    """At most `count` in any `seconds`."""

    count: int
    seconds: float


USUAL_RATE = Window(1_000, 10.0)
"""100 mails a second, seen over ten of them."""
USUAL_CONNECTION_RATE = Window(100, 60.0)
"""100 connections a minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of a receiver; None and () do not limit."""

    connections: int | None = None
    connection_rate: Window | None = None
    mails_per_connection: int | None = None
    mail_rates: tuple[Window, ...] = ()
    recipients: int | None = None
    tls: bool = False


class Violation(msgspec.Struct, frozen=True, kw_only=True):
    """One limit broken once; `at_ms` since the epoch, `seen` is what `allowed` was exceeded with."""

    receiver: str
    rule: Rule
    source: str
    at_ms: int
    seen: int
    allowed: int


@dataclass(slots=True)
class Meter:
    """Counts for one receiver, be it a site or a whole provider; every source address by itself."""

    limits: Limits
    open: Counter[str] = field(default_factory=Counter)
    most_open: Counter[str] = field(default_factory=Counter)
    """The most connections that each source had at once."""
    _times: defaultdict[tuple[str, Window], deque[float]] = field(
        default_factory=lambda: defaultdict(deque)
    )

    def enter(self, source: str) -> None:
        """Count a connection that was opened."""
        self.open[source] += 1

    def crowded(self, source: str) -> tuple[int, int] | None:
        """Return seen and allowed when the source has too many connections; else note the most."""
        allowed = self.limits.connections
        if allowed is not None and self.open[source] > allowed:
            return self.open[source], allowed
        self.most_open[source] = max(self.most_open[source], self.open[source])
        return None

    def leave(self, source: str) -> None:
        """Count a connection that has ended."""
        self.open[source] -= 1

    def connection(self, source: str, now_s: float) -> tuple[int, int] | None:
        """Count a new connection in its window; return seen and allowed when it is too much."""
        window = self.limits.connection_rate
        return self._slide(source, window, now_s) if window else None

    def mail(self, source: str, now_s: float) -> tuple[int, int] | None:
        """Count a mail in every window; return seen and allowed of the first that overflows."""
        broken = [self._slide(source, window, now_s) for window in self.limits.mail_rates]
        return next((one for one in broken if one), None)

    def _slide(self, source: str, window: Window, now_s: float) -> tuple[int, int] | None:
        times = self._times[source, window]
        while times and times[0] <= now_s - window.seconds:
            times.popleft()
        times.append(now_s)
        return (len(times), window.count) if len(times) > window.count else None


def count_rules(violations: list[Violation]) -> Mapping[str, int]:
    """Return how often each receiver's rules were broken, as "receiver: rule"."""
    return dict(Counter(f"{one.receiver}: {one.rule}" for one in violations))
