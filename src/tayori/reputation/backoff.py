"""Slowing down who guesses passwords: after some free failures each further one doubles the wait.

Pure: what is counted stands in `backoff_store`.
"""

from dataclasses import dataclass
from typing import Final

from tayori.runtime.clock import HOUR, SECOND

REMEMBERED_MS: Final = HOUR
"""Failures are forgotten after this time without another."""
_LONGEST: Final = 15 * 60 * SECOND


@dataclass(frozen=True, slots=True)
class Failures:
    """How often a key failed, and when it did so last."""

    count: int
    at: int

    def wait_ms(self, free: int, now: int) -> int:
        """Return for how long the key may not try again, 0 when it may; `free` cost no wait."""
        if self.count < free:
            return 0
        pause = min(_LONGEST, SECOND << min(self.count - free, 20))
        return max(0, self.at + pause - now)
