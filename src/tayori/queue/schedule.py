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
JITTER = 0.15
"""A delay is stretched or shrunk by up to this share."""


def next_attempt(attempts: int, now: int, expires_at: int, chance: random.Random) -> int | None:
    """Return when to try again after `attempts` failures, or None when the lifetime is over.

    The last try is moved to the very end of the lifetime rather than dropped beyond it.
    """
    if now >= expires_at:
        return None
    delay = DELAYS[attempts - 1] if attempts <= len(DELAYS) else LATER
    jittered = round(delay * (1 + chance.uniform(-JITTER, JITTER)))
    return min(now + jittered, expires_at)
