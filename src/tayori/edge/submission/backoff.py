"""Slowing down who guesses passwords: after some free failures each further one doubles the wait.

Pure: what is counted stands in `backoff_store`.
"""

import ipaddress
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
