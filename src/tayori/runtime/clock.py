"""Time as a collaborator, so that every rule about time is tested by moving the clock.

Inside Tayori an instant is an int of milliseconds since the Unix epoch, UTC. Only the edges turn it
into a zone's date.
"""

import os
import time
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from pathlib import Path
from typing import Protocol

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

TESTING_OFFSET_FILE = "TAYORI_TESTING__CLOCK_OFFSET_FILE"
"""Environment variable with a file whose number of milliseconds is added to the clock.

It exists so that scenario tests move the clock of real processes. Never set it in production.
"""


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> int:
        """Return milliseconds since the Unix epoch."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> int:
        """Return milliseconds since the Unix epoch."""
        return time.time_ns() // 1_000_000


class SettableClock:
    """A clock that stands still until somebody moves it."""

    def __init__(self, at: int = 1_790_000_000_000) -> None:
        self._now = at

    def now(self) -> int:
        """Return the instant it was set to."""
        return self._now

    def advance(self, milliseconds: int) -> None:
        """Move forward, or back when negative."""
        self._now += milliseconds


class OffsetClock:
    """The machine's clock plus the milliseconds written in a file, read on every call."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] = (-1, 0)

    def now(self) -> int:
        """Return the shifted time; an absent or half-written file counts as the last offset."""
        return time.time_ns() // 1_000_000 + self._offset()

    def _offset(self) -> int:
        try:
            changed = self._path.stat().st_mtime_ns
            if changed != self._seen[0]:
                self._seen = (changed, int(self._path.read_text() or 0))
        except (OSError, ValueError):
            pass
        return self._seen[1]


def process_clock() -> Clock:
    """Return the clock of this process: the machine's, unless a test moves it."""
    path = os.environ.get(TESTING_OFFSET_FILE)
    return OffsetClock(Path(path)) if path else SystemClock()


def local(at: int, zone: tzinfo) -> datetime:
    """Return the instant `at` as an aware datetime in `zone`."""
    return datetime.fromtimestamp(at / 1000, UTC).astimezone(zone)


def day_of(at: int, zone: tzinfo) -> str:
    """Return the calendar day "YYYY-MM-DD" of the instant in the zone."""
    return _day_of_minute(at // MINUTE, zone)


@lru_cache(maxsize=1024)
def _day_of_minute(minute: int, zone: tzinfo) -> str:
    """Return the day; zones change theirs at a full minute, and what happens in one shares it."""
    return local(minute * MINUTE, zone).strftime("%Y-%m-%d")


def day_range(day: str, zone: tzinfo) -> tuple[int, int]:
    """Return the first instant of a day "YYYY-MM-DD" and that of the next day; ValueError."""
    start = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=zone)
    following = (start + timedelta(days=1)).date()
    end = datetime(following.year, following.month, following.day, tzinfo=zone)
    return int(start.timestamp() * 1000), int(end.timestamp() * 1000)
