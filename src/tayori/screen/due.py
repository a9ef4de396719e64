"""When a person is to have decided: business days after the template came (spec 5)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from tayori.runtime.clock import SECOND, local

_SATURDAY = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessDays:
    """A calendar of business days in the service's time zone."""

    zone: tzinfo
    holidays: Collection[date] = ()
    extra_workdays: Collection[date] = ()

    def is_workday(self, day: date) -> bool:
        """Tell whether somebody works on that day."""
        if day in self.extra_workdays:
            return True
        return day.weekday() < _SATURDAY and day not in self.holidays

    def due(self, came_at: int, days: int) -> int:
        """Return the same time of day `days` business days later, in milliseconds (Unix epoch).

        What comes on a day on which nobody works counts as come at the start of the next workday.
        """
        moment = local(came_at, self.zone)
        if not self.is_workday(moment.date()):
            moment = self._next(moment).replace(hour=0, minute=0, second=0, microsecond=0)
        for _ in range(days):
            moment = self._next(moment)
        return round(moment.timestamp() * SECOND)

    def _next(self, moment: datetime) -> datetime:
        later = moment + timedelta(days=1)
        while not self.is_workday(later.date()):
            later += timedelta(days=1)
        return later
