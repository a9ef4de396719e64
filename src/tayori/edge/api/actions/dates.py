"""Dates and times as the API writes them: in the service's time zone, without naming it."""

import re
from datetime import date, tzinfo
from typing import Final

from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import say
from tayori.runtime.clock import day_range, local

_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")


def read_date(text: str) -> str | Refusal:
    """Return a day "YYYY-MM-DD" that exists."""
    try:
        day = date.fromisoformat(text) if _DATE.match(text) else None
    except ValueError:
        day = None
    if day is None or not 1970 < day.year < 9999:  # noqa: PLR2004 - what a moment can be made of
        return refuse(Code.INVALID_PARAMETER_VALUE__WRONG_DATE)
    return text


def read_period(first: str, last: str, zone: tzinfo) -> tuple[int, int] | Refusal:
    """Return the moments [first, end) of two days and all between them."""
    days = read_date(first), read_date(last)
    for day in days:
        if isinstance(day, Refusal):
            return day
    if first > last:
        return refuse(
            Code.INVALID_PARAMETER_VALUE__WRONG_DATE, say("The first day is after the last one.")
        )
    return day_range(first, zone)[0], day_range(last, zone)[1]


def written_time(at: int, zone: tzinfo) -> str:
    """Return "YYYY-MM-DD HH:MM:SS"."""
    return local(at, zone).strftime("%Y-%m-%d %H:%M:%S")
