"""Which days a list shows: "from" and "to" of its URL in the visitor's zone, else the last 30."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from tayori.edge.console.lists import ListQuery
from tayori.edge.console.visit import Visit
from tayori.runtime.clock import DAY, day_of, day_range, local

USUAL_DAYS = 30
MOST_DAYS = 366
_EVER = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Two days (YYYY-MM-DD, both included), and the instants [first, end) that they span."""

    first_day: str
    last_day: str
    first: int
    end: int

    def days(self) -> Iterator[str]:
        """Yield the days, the last ones of very many."""
        last = dt.date.fromisoformat(self.last_day)
        count = (last - dt.date.fromisoformat(self.first_day)).days + 1
        for back in range(min(count, MOST_DAYS) - 1, -1, -1):
            yield (last - dt.timedelta(days=back)).isoformat()


def period_of(visit: Visit, asked: ListQuery) -> Period:
    """Return the days that the URL names; what is no day, or the wrong way round, is the usual."""
    zone = visit.visitor.zone
    now = visit.services.clock.now()
    today = day_of(now, zone)
    last = _day(asked["to"]) or today
    usual = day_of(day_range(last, zone)[0] - (USUAL_DAYS - 1) * DAY, zone)
    first = _day(asked["from"]) or usual
    if first > last:
        first, last = last, first
    return Period(
        first_day=first,
        last_day=last,
        first=day_range(first, zone)[0],
        end=day_range(last, zone)[1],
    )


def whole(visit: Visit, asked: ListQuery) -> tuple[int, int]:
    """Return [first, end) of a list that shows everything unless days are named."""
    zone = visit.visitor.zone
    first, last = _day(asked["from"]), _day(asked["to"])
    return (
        day_range(first, zone)[0] if first else 0,
        day_range(last, zone)[1] if last else _EVER,
    )


def written(visit: Visit, at: int | None) -> str:
    """Return an instant for a CSV file, in the visitor's zone; "" for none."""
    return "" if at is None else local(at, visit.visitor.zone).isoformat(timespec="seconds")


def _day(text: str) -> str:
    try:
        found = dt.date.fromisoformat(text)
    except ValueError:
        return ""
    # Days that a calendar of milliseconds can hold without care.
    return found.isoformat() if 1971 <= found.year <= 9000 else ""  # noqa: PLR2004
