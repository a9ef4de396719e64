"""How many connections a site is found to bear: up slowly, down fast (pure).

It grows by one for as many delivered mails as connections are open (the 1/N feedback), and falls to
what the site has accepted when it refuses one more; then it stays there for a while, so that the
same refusal is not provoked again and again.
"""

from tayori.runtime.clock import MINUTE

FIRST = 5
STAY_MS = 5 * MINUTE


class Window:
    """The connections of one process to one site; never above the limit that is asked with."""

    def __init__(self) -> None:
        self._size = float(FIRST)
        self._stays_until = 0

    def size(self, limit: int) -> int:
        """Return how many connections may be open."""
        return max(1, min(limit, int(self._size)))

    def delivered(self, now: int, limit: int) -> None:
        """Grow a little, unless the site refused a connection lately."""
        if self._size < limit and not 0 < self._stays_until - now <= STAY_MS:
            self._size += 1 / self._size

    def refused(self, now: int, accepted: int) -> None:
        """Fall to the number of connections that the site has accepted at this moment."""
        self._size = float(max(1, min(int(self._size) - 1, accepted)))
        self._stays_until = now + STAY_MS
