"""Which mail hosts answer, as this process has seen it from each source.

A host that failed to take a connection several times in a row is down: nobody connects to it for
two minutes, and longer each time, up to fifteen. Then exactly one connection is tried; if it comes
about the host is up again. All sites of the process share what is known of a host.
"""

import random
from dataclasses import dataclass

from tayori.delivery.plan import Route, Wait
from tayori.refusal.saying import say
from tayori.runtime.clock import MINUTE, SECOND, Clock

FAILURES = 3
"""Failed connections in a row after which a host is down."""
FIRST_REST_MS = 2 * MINUTE
LONGEST_REST_MS = 15 * MINUTE
JITTER = 0.1
PROBE_MS = 5 * MINUTE
"""A probe that nobody reported on is forgotten after this."""
PROBED_MS = 10 * SECOND
"""When the others come again while one connection probes a host."""
DOWN = say("All mail hosts of the receiver failed to take connections a moment ago.")
FORGET_MS = 60 * MINUTE
_MANY = 10_000


@dataclass(slots=True)
class _Seen:
    failures: int = 0
    rest_ms: int = 0
    down_until: int = 0
    probed_at: int | None = None
    failed_at: int = 0


class HostHealth:
    """What is known of hosts by (address, source name); only those in trouble are kept."""

    def __init__(self, clock: Clock, chance: random.Random) -> None:
        self._clock = clock
        self._chance = chance
        self._seen: dict[tuple[str, str], _Seen] = {}

    def may_try(self, address: str, source: str) -> bool:
        """Tell whether a connection may be tried; a yes to a host that was down is its one probe.

        Whoever got a yes reports `succeeded` or `failed`.
        """
        seen = self._seen.get((address, source))
        if seen is None or seen.failures < FAILURES:
            return True
        now = self._clock.now()
        if now < seen.down_until:
            return False
        if seen.probed_at is not None and 0 <= now - seen.probed_at < PROBE_MS:
            return False
        seen.probed_at = now
        return True

    def succeeded(self, address: str, source: str) -> None:
        """Take note that the host answered."""
        self._seen.pop((address, source), None)

    def failed(self, address: str, source: str, began_at: int) -> None:
        """Take note of a connection that did not come about; `began_at` is when it was tried.

        Connections that were tried at the same time fail for one reason and count once.
        """
        now = self._clock.now()
        seen = self._seen.setdefault((address, source), _Seen())
        if seen.failures and began_at < seen.failed_at and seen.probed_at is None:
            return
        seen.failures += 1
        seen.failed_at = now
        seen.probed_at = None
        if seen.failures >= FAILURES:
            longer = min(LONGEST_REST_MS, max(FIRST_REST_MS, seen.rest_ms * 2))
            seen.rest_ms = longer
            jitter = self._chance.uniform(1 - JITTER, 1 + JITTER)
            seen.down_until = now + min(LONGEST_REST_MS, round(longer * jitter))
        if len(self._seen) > _MANY:
            self._forget(now)

    def down(self, route: Route) -> Wait:
        """Return how long a route rests of which every host is down; nobody was asked."""
        now = self._clock.now()
        source = route.source.name
        ends = [
            seen.down_until
            for target in route.targets
            if (seen := self._seen.get((target.address, source))) is not None
        ]
        # One that is over means that somebody probes the host right now.
        return Wait(max(min(ends, default=now), now + PROBED_MS), DOWN)

    def _forget(self, now: int) -> None:
        for key, seen in list(self._seen.items()):
            if now - max(seen.failed_at, seen.down_until) > FORGET_MS:
                del self._seen[key]
