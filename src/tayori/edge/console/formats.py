"""Dates, times, numbers and sizes as a visitor reads them: by language and time zone (Babel)."""

import datetime as dt
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Final

from babel import dates, numbers
from babel.units import format_unit

from tayori.edge.console.languages import LOCALES
from tayori.refusal.table import Language
from tayori.runtime.clock import local

_KILO: Final = 1000
_UNITS: Final = ("byte", "kilobyte", "megabyte", "gigabyte", "terabyte")


class Formats:
    """How one visitor reads; `now` is the time of the request. Instants are milliseconds (UTC)."""

    def __init__(self, language: Language, zone: tzinfo, now: int) -> None:
        self._locale = LOCALES[language]
        self._zone = zone
        self._now = now

    def date(self, at: int) -> str:
        """Return the day of an instant, such as "Sep 21, 2026"."""
        return self.day(local(at, self._zone).date())

    def day(self, day: dt.date | str) -> str:
        """Return a calendar day, given as date or "YYYY-MM-DD"."""
        given = dt.date.fromisoformat(day) if isinstance(day, str) else day
        return dates.format_date(given, "medium", locale=self._locale)

    def time(self, at: int) -> str:
        """Return day and time of an instant to the minute."""
        return self._moment(at, "short")

    def second(self, at: int) -> str:
        """Return day and time of an instant to the second, for timelines."""
        return self._moment(at, "medium")

    def machine_time(self, at: int) -> str:
        """Return an instant as the `datetime` attribute wants it (ISO 8601, UTC)."""
        moment = datetime.fromtimestamp(at / 1000, UTC)
        return moment.isoformat(timespec="seconds").replace("+00:00", "Z")

    def ago(self, at: int) -> str:
        """Return how long ago an instant was or how soon it will be, such as "3 hours ago"."""
        past = timedelta(milliseconds=at - self._now)
        return dates.format_timedelta(past, add_direction=True, locale=self._locale)

    def duration(self, milliseconds: int) -> str:
        """Return a length of time in its greatest unit, such as "3 hours"."""
        length = timedelta(milliseconds=milliseconds)
        return dates.format_timedelta(length, locale=self._locale, threshold=1.2)

    def number(self, value: float | Decimal) -> str:
        """Return a number with its separators."""
        return numbers.format_decimal(value, locale=self._locale)

    def bounded(self, value: int, most: int) -> str:
        """Return a count that was not counted beyond `most`, such as "1,000+"."""
        return f"{self.number(most)}+" if value > most else self.number(value)

    def percent(self, share: float | None, digits: int = 1) -> str:
        """Return a share of 1 in percent; a dash where there is nothing to take a share of."""
        if share is None:
            return "\u2013"
        pattern = "#,##0%" if digits == 0 else f"#,##0.{'0' * digits}%"
        return numbers.format_percent(share, pattern, locale=self._locale)

    def size(self, octets: int) -> str:
        """Return a number of octets in its unit (1 kB = 1000 octets), such as "1.2 MB"."""
        value, place = float(octets), 0
        while value >= _KILO and place < len(_UNITS) - 1:
            value, place = value / _KILO, place + 1
        shown = round(value, 0 if place == 0 else 1)
        unit = f"digital-{_UNITS[place]}"
        return format_unit(shown, unit, "short", locale=self._locale)

    def money(self, amount: Decimal | str, currency: str) -> str:
        """Return an amount in a currency (ISO 4217)."""
        return numbers.format_currency(Decimal(amount), currency, locale=self._locale)

    def _moment(self, at: int, length: str) -> str:
        moment = local(at, self._zone)
        day = dates.format_date(moment, "medium", locale=self._locale)
        # The zone is the visitor's own, so it is not repeated beside each time.
        clock_time = dates.format_time(moment.timetz(), length, locale=self._locale)
        return f"{day} {clock_time}"
