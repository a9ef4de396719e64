"""How many mails an account may hand in within any second."""

from collections import deque

from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.runtime.clock import SECOND, Clock


class Rate:
    """Counts within a sliding second; `most` 0 = no limit."""

    def __init__(self, clock: Clock, *, most: int) -> None:
        self._clock = clock
        self._most = most
        self._times: dict[int, deque[int]] = {}

    def admit(self, account_id: int) -> Refusal | None:
        """Count one mail, or refuse it for now."""
        if not self._most:
            return None
        now = self._clock.now()
        times = self._times.setdefault(account_id, deque(maxlen=self._most))
        if len(times) == self._most and 0 <= now - times[0] < SECOND:
            return refuse(
                Code.REQUEST_LIMIT_EXCEEDED,
                f"An account may hand in {self._most} mails a second by SMTP.",
            )
        times.append(now)
        return None
