"""Puts mails off that a reaction lets wait: those on their way to a site, and those waiting there.

A mail goes back to the queue unattempted until more is let through, so that a pause costs one look
per mail however long it lasts. A lifetime that ends meanwhile ends the mail with that reason.
"""

import asyncio
import functools
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Protocol

from tayori.delivery.plan import Route
from tayori.delivery.reactions.service import Reactions
from tayori.delivery.settler import Settler, put_off
from tayori.delivery.work import Work
from tayori.refusal.saying import say
from tayori.runtime import log
from tayori.runtime.clock import Clock


class Waiting(Protocol):
    """A site as far as its waiting mails go."""

    route: Route

    def waiting(self) -> Sequence[Work]:
        """Return the mails that nobody works on yet."""
        ...

    def sift(self, keep: Callable[[Work], bool]) -> None:
        """Let go of the waiting mails that are not to be kept."""
        ...


class Holding:
    """Asks the reactions about mails, and settles those that have to wait."""

    def __init__(self, reactions: Reactions, settler: Settler, clock: Clock) -> None:
        self._reactions = reactions
        self._settler = settler
        self._clock = clock
        self._sifting: asyncio.Task[None] | None = None

    async def free(self, route: Route, works: Sequence[Work]) -> Iterable[Work]:
        """Return the works that may go on this way; the others are put off."""
        if not self._reactions.active.holds_back:
            return works
        tasks = await self._reactions.tasks_of(works)
        return [work for work in works if self._may_go(route, tasks, work)]

    def sift(self, sites: Collection[Waiting]) -> None:
        """Put off what waits at the sites and is paused by now."""
        busy = self._sifting is not None and not self._sifting.done()
        if sites and not busy and self._reactions.active.holds_back:
            self._sifting = asyncio.create_task(self._sift(list(sites)), name="sifting")

    async def stop(self) -> None:
        """End."""
        if self._sifting is not None:
            self._sifting.cancel()
            await asyncio.gather(self._sifting, return_exceptions=True)

    async def _sift(self, sites: Sequence[Waiting]) -> None:
        try:
            for site in sites:
                tasks = await self._reactions.tasks_of(site.waiting())
                site.sift(functools.partial(self._may_go, site.route, tasks))
        except Exception:
            # What waits still goes out or is sifted the next time.
            log.get("reactions").exception("sifting_failed")

    def _may_go(self, route: Route, tasks: dict[int, int], work: Work) -> bool:
        held = self._reactions.pause(work, route, tasks)
        if held is not None:
            pause, delay_ms = held
            ended = say("The mail's lifetime ended while it was {rest}", rest=pause.saying)
            now = self._clock.now()
            self._settler.put(put_off(work.recipient, now, delay_ms, pause.saying, ended=ended))
        return held is None
