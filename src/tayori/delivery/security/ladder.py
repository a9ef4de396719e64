"""Where the ladder of TLS versions begins for hosts that do not manage the best.

A host that needed less begins there for some hours, in all processes; then the best is tried again.
Hosts that manage the best, which is nearly all, are not kept.
"""

from typing import Final

from tayori.delivery.security.store import KnownHost, SecurityStore
from tayori.runtime.clock import HOUR, Clock
from tayori.smtp.client import Rung

REMEMBERED_MS: Final = 6 * HOUR
MOST_HOSTS: Final = 50_000


class Ladder:
    """Rungs by host; `save` writes what was learnt since the last time."""

    def __init__(self, store: SecurityStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._known: dict[str, KnownHost] = {}
        self._learnt: dict[str, KnownHost] = {}

    def first(self, host: str) -> Rung:
        """Return where to begin with a host."""
        known = self._known.get(host)
        if known is None:
            return Rung.BEST
        if not known.changed_at <= self._clock.now() < known.ends_at:
            return Rung.BEST
        return Rung(known.rung)

    def learn(self, host: str, rung: Rung, reason: str) -> None:
        """Take note of what a connection came about with; `reason` says why with no more."""
        known = self._known.get(host)
        if known is None and rung is Rung.BEST:
            return
        now = self._clock.now()
        if known is not None and self.first(host) is rung:
            return
        ends_at = now if rung is Rung.BEST else now + REMEMBERED_MS
        found = KnownHost(host=host, rung=int(rung), reason=reason, ends_at=ends_at, changed_at=now)
        self._keep(found)
        self._learnt[host] = found

    def take(self, changed: list[KnownHost]) -> None:
        """Take up what was written to the database since the last look."""
        for each in changed:
            known = self._known.get(each.host)
            if known is None or known.changed_at <= each.changed_at:
                self._keep(each)

    async def save(self) -> None:
        """Write what was learnt; what could not be written stays for the next time."""
        learnt, self._learnt = self._learnt, {}
        if not learnt:
            return
        try:
            await self._store.put_hosts(list(learnt.values()))
        except BaseException:
            self._learnt = learnt | self._learnt
            raise

    def _keep(self, found: KnownHost) -> None:
        if found.ends_at <= self._clock.now():
            self._known.pop(found.host, None)
            return
        self._known[found.host] = found
        if len(self._known) > MOST_HOSTS:
            self._known.pop(next(iter(self._known)))
