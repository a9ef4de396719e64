"""Mails that a site gives back unattempted: for how long, and why."""

import random

from tayori.delivery.plan import Wait
from tayori.delivery.settler import Settler, put_off
from tayori.delivery.work import Work
from tayori.queue.model import Priority
from tayori.refusal.saying import Saying, say
from tayori.runtime.clock import HOUR, MINUTE, SECOND, Clock

SHORTEST_DELAY_MS = 5 * SECOND
LONGEST_DELAY_MS = 10 * MINUTE
NO_SHARE_DELAY_MS = 20 * SECOND
"""Longest rest of a mail for which no connection was left: as long as a dead process keeps its."""
UNKNOWN_DELAY_MS = 30 * SECOND
"""Longest rest while nobody knows yet how fast a site is."""
AFTER_REST_MS = 20 * SECOND
"""Mails that waited for a host at rest come back within this time, not all at once."""
LOOKS = 15
"""Looks at a site, about a second apart, over which its usual speed is reckoned."""
FAULT_DELAY_MS = MINUTE
"""Rest of a mail, or of a site, over which the engine itself stumbled."""
TOO_SLOW = say("The receiving site takes no more mail at present.")
NO_SHARE = say("Other delivery processes have all connections that the receiving site permits.")
FAULT = say("a fault inside the service; the operator's log has it")


class Estimate:
    """How long a site will need for the mails that it gave back (pure)."""

    def __init__(self) -> None:
        self._count = 0
        self._usual = 0.0
        self._looks = 0

    def seen(self, done: int, *, waited: bool) -> None:
        """Take note of a look at the site, which did so many mails since the last one.

        `waited` tells that mails waited for it all the time, so that it could do no more.
        """
        self._count = max(0, self._count - max(1, done))
        if waited or done > self._usual:
            self._looks = min(LOOKS, self._looks + 1)
            self._usual += (done - self._usual) / self._looks

    def one_more(self, per_second: float | None, speed: int) -> int:
        """Count a mail that is given back; return for how many ms all of them will wait at most.

        The site may do `per_second` mails a second, or as many as its limits permit: then `speed`
        is what it did in the last second. One slow second of a fast site must not send mails away
        for minutes, so what it usually does counts as well; and while that is not known, as in a
        process that has just begun, they come back soon.
        """
        self._count += 1
        longest = HOUR if per_second is not None and per_second < 1 else LONGEST_DELAY_MS
        if per_second is None and self._looks < LOOKS:
            longest = UNKNOWN_DELAY_MS
        needed = self._count * SECOND / (per_second or max(1, speed, self._usual))
        return min(longest, SHORTEST_DELAY_MS + int(needed))


class PuttingOff:
    """Puts the mails of one site off; none waits beyond its lifetime."""

    def __init__(self, settler: Settler, clock: Clock, chance: random.Random) -> None:
        self._settler = settler
        self._clock = clock
        self._chance = chance
        self.estimate = Estimate()

    def too_slow(self, work: Work, per_second: float | None, speed: int) -> None:
        """Give a mail back for as long as the site will need for those that were given back."""
        longest = self.estimate.one_more(per_second, speed)
        self._let_wait(work, self._chance.randint(SHORTEST_DELAY_MS, longest), TOO_SLOW)

    def no_share(self, work: Work) -> None:
        """Give a mail back because others have all connections, which they may lose any moment."""
        shortest, longest = SHORTEST_DELAY_MS, NO_SHARE_DELAY_MS
        if work.recipient.priority is Priority.TRIGGER:
            shortest, longest = 0, SHORTEST_DELAY_MS
        self._let_wait(work, self._chance.randint(shortest, longest), NO_SHARE)

    def fault(self, work: Work) -> None:
        """Give a mail back over which the engine stumbled."""
        self._let_wait(work, FAULT_DELAY_MS, FAULT)

    def until(self, work: Work, wait: Wait) -> None:
        """Give a mail back until a wait is over, and a little longer."""
        delay_ms = max(0, wait.until - self._clock.now())
        self._let_wait(work, delay_ms + self._chance.randint(0, AFTER_REST_MS), wait.cause)

    def _let_wait(self, work: Work, delay_ms: int, cause: Saying) -> None:
        self._settler.put(put_off(work.recipient, self._clock.now(), delay_ms, cause))
