"""Settles what delivery processes that died had delivered and not settled (`delivery.journal`).

At the start of a process before it leases anything, since leases may have run out meanwhile, and
then each second. Taking over twice changes nothing: a recipient ends once.
"""

from pathlib import Path

from tayori.db.database import DatabaseBusyError
from tayori.delivery.journal import Yes, abandoned, taken_over
from tayori.queue.states import State
from tayori.queue.store import QueueStore
from tayori.runtime import log, metrics
from tayori.runtime.service import Periodic

EVERY_S = 1.0
AT_ONCE = 500


class TakeOver:
    """A service; `journals` is the directory of this machine's processes, `owner` this one."""

    def __init__(self, queue: QueueStore, owner: str, journals: Path) -> None:
        self._queue = queue
        self._owner = owner
        self._journals = journals
        self._each_second = Periodic("deliveries of the dead", EVERY_S, self.run)

    async def start(self) -> None:
        """Return when what was left before is settled, or the database is away."""
        await self.run()
        await self._each_second.start()

    async def stop(self) -> None:
        """Finish what is under way."""
        await self._each_second.stop()

    async def run(self) -> int:
        """Settle all that is left now; return how many recipients that ended."""
        count = 0
        for path in abandoned(self._journals):
            try:
                with taken_over(path) as found:
                    count += await self._settle(found or [])
            except (DatabaseBusyError, OSError) as error:
                # The file stays, and is read again.
                log.get("delivery").warning("takeover_delayed", error=str(error))
        if count:
            log.get("delivery").info("deliveries_taken_over", count=count)
        return count

    async def _settle(self, found: list[Yes]) -> int:
        count = 0
        for start in range(0, len(found), AT_ONCE):
            part = {one.recipient_id: one for one in found[start : start + AT_ONCE]}
            open_still = await self._queue.still_open(part)
            batch = [part[leased.id].settlement(leased) for leased in open_still]
            count += sum(await self._queue.settle(self._owner, batch)) if batch else 0
        metrics.SETTLED.labels(State.DELIVERED.name.lower()).inc(count)
        return count
