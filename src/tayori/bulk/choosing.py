"""Chooses the receivers of a step: those who read the account's mail first, then all others.

A step looks through a piece of the list, whatever its length, and says up to where. It takes the
same receivers again when it is done again.
"""

from typing import Final

from tayori.bulk.first_store import FirstStore
from tayori.bulk.model import Phase, Task
from tayori.bulk.progress import Part
from tayori.catalog.receiver_model import Receiver
from tayori.catalog.receivers import Receivers
from tayori.reputation.engagement_store import EngagementStore
from tayori.runtime.clock import DAY

LOOK: Final = 2_000
"""Receivers among which a step looks for those who read mail."""


class Choosing:
    """Chooses for all tasks; `days` is how long a reading counts, 0 = nobody comes first."""

    def __init__(
        self, receivers: Receivers, engagement: EngagementStore, first: FirstStore, *, days: int
    ) -> None:
        self._receivers = receivers
        self._engagement = engagement
        self._first = first
        self._days = days

    async def begin(self, account_id: int) -> Phase:
        """Return with whom a run of an account's task begins."""
        known = self._days and await self._engagement.is_known(account_id)
        return Phase.ENGAGED if known else Phase.ALL

    async def next(self, task: Task, wanted: int, now: int) -> Part | None:
        """Return the next receivers, up to `wanted`; None at the end of the phase."""
        most = max(LOOK, wanted) if task.phase is Phase.ENGAGED else wanted
        seen = await self._receivers.after(task.order.list_id, task.cursor, task.last, most)
        if not seen:
            return None
        mine = await self._of_phase(task, seen, now)
        chosen = mine[:wanted]
        reached = seen[-1].id if len(mine) == len(chosen) else chosen[-1].id
        repeated = await self._receivers.repeated(task.order.list_id, chosen)
        return Part(receivers=chosen, repeated=repeated, reached=reached)

    async def _of_phase(self, task: Task, seen: list[Receiver], now: int) -> list[Receiver]:
        if task.phase is Phase.ALL:
            return seen
        if task.phase is Phase.OTHERS:
            done = await self._first.between(task, task.cursor, seen[-1].id)
            return [one for one in seen if one.id not in done]
        since = now - self._days * DAY
        addresses = {one.address for one in seen}
        engaged = await self._engagement.engaged(task.account_id, addresses, since)
        return [one for one in seen if one.address in engaged]
