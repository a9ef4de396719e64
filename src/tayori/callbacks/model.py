"""Endpoints and calls as values. Times are milliseconds since the Unix epoch."""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from tayori.refusal.saying import NOTHING, Saying
from tayori.runtime.clock import DAY, HOUR, MINUTE, SECOND

DELAYS: Final = (5 * SECOND, 30 * SECOND, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 20 * MINUTE)
"""Waits before the second attempt, the third, ...; then LATER each time."""
LATER: Final = HOUR
RETRIED_MS: Final = DAY
"""How long a call is tried; an endpoint that fails for as long is switched off."""

FIRST_TAKEN: Final = 200
LAST_TAKEN: Final = 299
"""Statuses that say that the receiver has the event (RFC 9110 15.3)."""


class CallState(IntEnum):
    """Where a call stands; the numbers are stored."""

    WAITING = 0
    DONE = 1
    GIVEN_UP = 2
    KEPT = 3
    """The endpoint was off; a replay sends it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where calls go; `sender` is "" when it is for all of the account's senders."""

    id: int
    account_id: int
    sender: str
    url: str
    secret: bytes = field(repr=False)
    created_at: int
    failing_since: int | None = None
    rests_until: int = 0
    off_at: int | None = None
    off_reason: Saying = NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One event for one endpoint; calls of a stream go out one after the other."""

    id: int
    endpoint_id: int
    stream: int
    event: str
    body: str
    since: int
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an attempt came to; `status` None when there was no HTTP answer."""

    at: int
    duration_ms: int
    status: int | None = None
    response: str = ""
    error: Saying = NOTHING

    @property
    def taken(self) -> bool:
        """Tell whether the receiver has the event: any 2xx."""
        return self.status is not None and FIRST_TAKEN <= self.status <= LAST_TAKEN


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One attempt as an operator reads it."""

    call_id: int
    event: str
    email: str
    created_at: int
    state: CallState
    attempts: int
    at: int | None
    duration_ms: int | None
    status: int | None
    response: str
    error: Saying
    attempt_id: int = 0

    @property
    def taken(self) -> bool:
        """Tell whether the receiver took it then."""
        return self.status is not None and FIRST_TAKEN <= self.status <= LAST_TAKEN


def next_attempt(attempts: int, since: int, now: int) -> int | None:
    """Return when to try again after so many failures; None when the time for it is over."""
    if now - since >= RETRIED_MS:
        return None
    delay = DELAYS[attempts - 1] if attempts <= len(DELAYS) else LATER
    return min(now + delay, since + RETRIED_MS)
