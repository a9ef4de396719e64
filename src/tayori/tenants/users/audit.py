"""The audit log: every change that somebody makes in the console, and every log-in."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from tayori.runtime.clock import DAY, Clock
from tayori.tenants.users.audit_model import AuditEntry
from tayori.tenants.users.audit_store import AuditFilter, AuditStore

MAX_VALUE: Final = 500
"""Characters of a target or a value that are kept."""


class AuditLog:
    """Records what was done and lists it; entries never change and end by age alone."""

    def __init__(self, store: AuditStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def record(self, entry: AuditEntry) -> None:
        """Record an entry with the present time; long values are cut."""
        await self._store.add(self.stamped(entry))

    def stamped(self, entry: AuditEntry) -> AuditEntry:
        """Return the entry as it is stored: now, and with values of bounded length."""
        return replace(
            entry,
            at=self._clock.now(),
            target=entry.target[:MAX_VALUE],
            before=entry.before[:MAX_VALUE],
            after=entry.after[:MAX_VALUE],
        )

    async def list(self, wanted: AuditFilter) -> Sequence[AuditEntry]:
        """Return entries, newest first; the next page is below the id of the last one."""
        return await self._store.find(wanted)

    async def sweep(self, days: int) -> None:
        """Forget what is older than so many days."""
        until = self._clock.now() - days * DAY
        while await self._store.sweep(until):
            pass
