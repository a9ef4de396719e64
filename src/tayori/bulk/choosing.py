"""Chooses the receivers of a step: those who read the account's mail first, then all others.

Who waits for his provider comes before either, as soon as the provider may get mails again. A step
looks through a piece of the list, whatever its length, and says up to where. It takes the same
receivers again when it is done again.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tayori.bulk.aside_store import AsideStore
from tayori.bulk.dealing import MOST_ASIDE, dealt
from tayori.bulk.first_store import FirstStore
from tayori.bulk.model import Phase, Task
from tayori.bulk.progress import Part
from tayori.catalog.receiver_model import Receiver
from tayori.catalog.receivers import Receivers
from tayori.reputation.engagement_store import EngagementStore
from tayori.reputation.provider_caps import OTHER, ProviderCaps
from tayori.reputation.provider_store import ProviderStore, domain_of
from tayori.runtime.clock import DAY

LOOK: Final = 2_000
"""Receivers among which a step looks for those who read mail, or whose provider may get some."""


class Nobody(StrEnum):
    """Why there is no receiver for a step."""

    END = "end"
    """The phase has come to the end of the list."""
    CAPPED = "capped"
    """All who are left wait for their providers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoosingNeeds:
    """What choosing works with; `days` is how long a reading counts, 0 = nobody comes first."""

    receivers: Receivers
    engagement: EngagementStore
    first: FirstStore
    aside: AsideStore
    providers: ProviderStore
    days: int
    most_aside: int = MOST_ASIDE


class Choosing:
    """Chooses for all tasks."""

    def __init__(self, needs: ChoosingNeeds) -> None:
        self._needs = needs
        self._receivers = needs.receivers

    async def begin(self, account_id: int) -> Phase:
        """Return with whom a run of an account's task begins."""
        known = self._needs.days and await self._needs.engagement.is_known(account_id)
        return Phase.ENGAGED if known else Phase.ALL

    async def next(
        self, task: Task, wanted: int, now: int, caps: ProviderCaps | None = None
    ) -> Part | Nobody:
        """Return the next receivers, up to `wanted` and to what each provider may get."""
        back = await self._back(task, wanted, caps)
        if back is not None:
            return back
        places = self._needs.most_aside - sum(task.aside.values())
        if places <= 0:
            return Nobody.CAPPED
        # Where somebody waits, those who may go have to be looked for among many like him.
        looks = task.phase is Phase.ENGAGED or task.aside
        most = max(LOOK, wanted) if looks else wanted
        seen = await self._receivers.after(task.order.list_id, task.cursor, task.last, most)
        if not seen:
            waits = task.aside and task.phase is not Phase.ENGAGED
            return Nobody.CAPPED if waits else Nobody.END
        mine = await self._of_phase(task, seen, now)
        return await self._part(task, mine, seen[-1].id, (wanted, places), caps)

    async def _part(
        self,
        task: Task,
        mine: list[Receiver],
        end: int,
        most: tuple[int, int],
        caps: ProviderCaps | None,
    ) -> Part:
        """Return those of `mine` who are written to now, with who is set aside on the way."""
        known = await self._needs.providers.of({domain_of(one.address) for one in mine})
        providers = {one.id: known.get(domain_of(one.address), OTHER) for one in mine}
        left = await self._left(caps, set(providers.values()))
        found = dealt(mine, lambda one: providers[one.id], left, most, end)
        return Part(
            receivers=found.chosen,
            repeated=await self._receivers.repeated(task.order.list_id, found.chosen),
            reached=found.reached,
            providers=providers,
            aside=found.aside,
        )

    async def _back(self, task: Task, wanted: int, caps: ProviderCaps | None) -> Part | None:
        """Return those who waited for a provider that may get mails again, if there are any."""
        left = await self._left(caps, task.aside)
        for provider in sorted(task.aside):
            most = wanted if left is None else min(wanted, left[provider])
            if most <= 0:
                continue
            waiting = await self._needs.aside.next(task, provider, most)
            found = waiting.receivers
            return Part(
                receivers=found,
                repeated=await self._receivers.repeated(task.order.list_id, found),
                reached=task.cursor,
                providers={one.id: provider for one in found},
                waited_for=provider,
                gone=waiting.gone,
            )
        return None

    async def _left(
        self, caps: ProviderCaps | None, providers: Collection[str]
    ) -> dict[str, int] | None:
        if caps is None or not providers:
            return None if caps is None else {}
        return await self._needs.providers.left(caps, providers)

    async def _of_phase(self, task: Task, seen: list[Receiver], now: int) -> list[Receiver]:
        if task.phase is Phase.ALL:
            return seen
        if task.phase is Phase.OTHERS:
            done = await self._needs.first.between(task, task.cursor, seen[-1].id)
            return [one for one in seen if one.id not in done]
        since = now - self._needs.days * DAY
        addresses = {one.address for one in seen}
        engaged = await self._needs.engagement.engaged(task.account_id, addresses, since)
        return [one for one in seen if one.address in engaged]
