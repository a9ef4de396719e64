"""The time of a signature: within five minutes of ours (wire facts 1.2)."""

from functools import lru_cache
from time import gmtime, strftime
from typing import Final

from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import say

MAX_SKEW_S: Final = 300
_MAX_DIGITS: Final = 11
_DAY_S: Final = 86_400


def check_time(timestamp: bytes, now: int, *, parameter: str) -> Refusal | None:
    """Refuse a timestamp (Unix seconds, as sent) that is absent, malformed or far from `now`."""
    if not timestamp:
        return refuse(Code.MISSING_PARAMETER, parameter=parameter)
    if not timestamp.isdigit() or len(timestamp) > _MAX_DIGITS:
        return refuse(
            Code.INVALID_PARAMETER_VALUE,
            say("It is the number of seconds since 1970-01-01 00:00:00 UTC."),
            parameter=parameter,
        )
    skew = int(timestamp) - now // 1000
    if abs(skew) <= MAX_SKEW_S:
        return None
    here = now // 1000
    if skew > 0:
        told = say(
            "It is {skew} seconds ahead of the server's time, which is {now}.", skew=skew, now=here
        )
    else:
        told = say(
            "It is {skew} seconds behind the server's time, which is {now}.", skew=-skew, now=here
        )
    return refuse(Code.AUTH_FAILURE__SIGNATURE_EXPIRE, told)


def utc_date(timestamp: bytes) -> bytes:
    """Return the UTC date YYYY-MM-DD of a timestamp that `check_time` let pass."""
    return _date_of_day(int(timestamp) // _DAY_S)


@lru_cache(maxsize=16)
def _date_of_day(day: int) -> bytes:
    return strftime("%Y-%m-%d", gmtime(day * _DAY_S)).encode()
