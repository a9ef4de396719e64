"""Asks again, before an attempt, whether an address may still be written to.

The door has asked already; a mail that waited for hours may have been overtaken by a bounce or an
unsubscription meanwhile.
"""

from collections.abc import Callable, Collection, Sequence

from tayori.delivery.simulator import Simulator
from tayori.delivery.stops import Stops, Waiting
from tayori.delivery.work import Work
from tayori.queue.model import Settlement
from tayori.queue.states import State
from tayori.runtime.clock import MINUTE, Clock
from tayori.suppress.model import SendStatus, Suppression, Target
from tayori.suppress.store import SuppressStore

FRESH_MS = MINUTE
"""What the door took so lately needs no second look."""


class LastLook:
    """Sorts out what must not be sent any more, or not now (`stops`), or never leaves at all."""

    def __init__(
        self,
        store: SuppressStore,
        clock: Clock,
        stops: Stops | None = None,
        simulator: Simulator | None = None,
    ) -> None:
        self._simulator = simulator
        self._store = store
        self._clock = clock
        self._stops = stops

    async def sort_out(self, works: Sequence[Work]) -> tuple[list[Work], list[Settlement]]:
        """Return what may go, and the settlements of what may not."""
        free, held = (works, []) if self._stops is None else await self._stops.sort_out(works)
        simulated: Sequence[Settlement] = ()
        if self._simulator is not None:
            free, simulated = self._simulator.sort_out(free)
        allowed, dropped = await self._listed(free)
        return allowed, [*held, *simulated, *dropped]

    async def sift(self, sites: Collection[Waiting], put: Callable[[Settlement], None]) -> None:
        """Take back from sites what was stopped while it waited there."""
        if self._stops is not None:
            await self._stops.sift(sites, put)

    async def _listed(self, works: Sequence[Work]) -> tuple[list[Work], list[Settlement]]:
        now = self._clock.now()
        waited = [work for work in works if now - work.recipient.accepted_at > FRESH_MS]
        if not waited:
            return list(works), []
        found = await self._store.find([_target(work) for work in waited], now)
        dropped = {
            work.recipient.id: _dropped(work, found[_target(work)], now)
            for work in waited
            if _target(work) in found
        }
        allowed = [work for work in works if work.recipient.id not in dropped]
        return allowed, list(dropped.values())


def _target(work: Work) -> Target:
    recipient = work.recipient
    domain = work.recipe.domain if work.recipe is not None else ""
    return Target(recipient.account_id, domain, recipient.address.lower())


def _dropped(work: Work, reason: Suppression, now: int) -> Settlement:
    return Settlement(
        recipient=work.recipient,
        state=State.DROPPED,
        at=now,
        send_status=int(SendStatus(reason.status)),
        reply=reason.reason,
    )
