"""Slowing down who guesses passwords: after some free failures each further one doubles the wait.

It is kept in memory and bounded: a restart forgives everybody, and the least recent are forgotten.
"""

import ipaddress
from collections import OrderedDict

from tayori.runtime.clock import HOUR, SECOND, Clock

_MOST = 20_000
_LONGEST = 15 * 60 * SECOND


class Backoff:
    """Failures by key, a user name or a client."""

    def __init__(self, clock: Clock, *, free: int) -> None:
        self._clock = clock
        self._free = free
        self._failures: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def wait_ms(self, key: str) -> int:
        """Return for how long the key may not try again, 0 when it may."""
        count, at = self._failures.get(key, (0, 0))
        if count < self._free:
            return 0
        pause = min(_LONGEST, SECOND << min(count - self._free, 20))
        return max(0, at + pause - self._clock.now())

    def charge(self, key: str) -> None:
        """Count a failure; attempts are charged before they are judged, so many at once count."""
        now = self._clock.now()
        count, at = self._failures.pop(key, (0, now))
        self._failures[key] = (1 if now - at > HOUR else count + 1, now)
        if len(self._failures) > _MOST:
            self._failures.popitem(last=False)

    def refund(self, key: str) -> None:
        """Take the last charge back."""
        count, at = self._failures.get(key, (0, 0))
        if count > 1:
            self._failures[key] = (count - 1, at)
        else:
            self._failures.pop(key, None)

    def forgive(self, key: str) -> None:
        """Forget all failures."""
        self._failures.pop(key, None)


def client_key(address: str) -> str:
    """Return what stands for one client: an IPv4 address, or the /64 that one host may have."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))
