"""When a deferred recipient is tried again.

The first retries come within minutes, since most temporary refusals are greylisting or a busy
server; later ones every four hours until the lifetime ends. Jitter keeps mails that were deferred
together from coming back together.
"""

import random

from tayori.runtime.clock import HOUR, MINUTE

DELAYS = (5 * MINUTE, 7 * MINUTE, 8 * MINUTE, 25 * MINUTE, 75 * MINUTE, 120 * MINUTE)
"""Milliseconds to wait after attempt 1, 2, ...; four hours after each one that follows."""
LATER = 4 * HOUR
DELAYED_MS = 4 * HOUR
"""A mail that is not delivered so long after it was accepted is delayed, which is told once."""
JITTER = 0.15
"""A delay is stretched or shrunk by up to this share."""


def next_attempt(
    attempts: int, now: int, expires_at: int, chance: random.Random, *, accepted_at: int
) -> int | None:
    """Return when to try again after `attempts` failures, or None when the lifetime is over.

    The last try is moved to the very end of the lifetime rather than dropped beyond it. One that
    falls near the fourth hour is made right after it, so that a delay is told when it is one.
    """
    if now >= expires_at:
        return None
    delay = DELAYS[attempts - 1] if attempts <= len(DELAYS) else LATER
    jittered = round(delay * (1 + chance.uniform(-JITTER, JITTER)))
    due_at, delayed_at = now + jittered, accepted_at + DELAYED_MS
    if now < delayed_at and abs(due_at - delayed_at) <= DELAYED_MS * JITTER:
        due_at = delayed_at + round(chance.uniform(0, MINUTE))
    return min(due_at, expires_at)
