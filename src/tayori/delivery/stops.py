"""Keeps back mail whose account is suspended or whose domain is stopped, after it was accepted.

Bulk mail of a stopped domain ends unsent (SendStatus 3030); everything else waits until the stop is
over, a suspension is lifted, or its lifetime ends. What is known is at most `FRESH_MS` old.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Final, Protocol

from tayori.classify.model import BounceClass
from tayori.delivery.settler import returned
from tayori.delivery.work import Work
from tayori.queue.model import Priority, Settlement
from tayori.queue.states import State
from tayori.refusal.saying import say
from tayori.reputation.standing_store import StopStore
from tayori.reputation.stops import HIGH_REJECTION, Stop
from tayori.runtime.clock import MINUTE, SECOND, Clock

FRESH_MS: Final = 2 * SECOND
LOOK_AGAIN_MS: Final = 5 * MINUTE
"""A stop whose end nobody knows is looked at again as often."""

_Key = tuple[int, str]


class Waiting(Protocol):
    """A site as far as its waiting mails go."""

    def waiting(self) -> Sequence[Work]:
        """Return the mails that nobody works on yet."""
        ...

    def sift(self, keep: Callable[[Work], bool]) -> None:
        """Let go of the waiting mails that are not to be kept."""
        ...


class Stops:
    """What this process knows of stops; one question to the database serves a batch."""

    def __init__(self, store: StopStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._asked_at = 0
        self._known: dict[_Key, Stop | None] = {}

    async def sort_out(self, works: Sequence[Work]) -> tuple[list[Work], list[Settlement]]:
        """Return what may go, and what becomes of the rest."""
        keys = await self._keys(works)
        await self._learn(set(keys.values()))
        now = self._clock.now()
        held = [
            self._held(work, stop, now)
            for work in works
            if (stop := self._known.get(keys[work.recipient.id])) is not None
        ]
        if not held:
            return list(works), []
        gone = {settlement.recipient.id for settlement in held}
        return [work for work in works if work.recipient.id not in gone], held

    async def sift(self, sites: Collection[Waiting], put: Callable[[Settlement], None]) -> None:
        """Take back from sites what was stopped while it waited there."""
        for site in sites:
            waiting = site.waiting()
            if not waiting:
                continue
            _, held = await self.sort_out(waiting)
            if held:
                by_id = {settlement.recipient.id: settlement for settlement in held}
                site.sift(lambda work, by_id=by_id: _keep(work, by_id, put))  # type: ignore[misc]

    async def _keys(self, works: Sequence[Work]) -> dict[int, _Key]:
        """Return account and domain of each; the recipe of a large mail is not at hand."""
        large = {work.recipient.message_id for work in works if work.recipe is None}
        domains = await self._store.domains(large) if large else {}
        return {
            work.recipient.id: (
                work.recipient.account_id,
                domains.get(work.recipient.message_id, "")
                if work.recipe is None
                else work.recipe.domain,
            )
            for work in works
        }

    async def _learn(self, keys: Collection[_Key]) -> None:
        now = self._clock.now()
        if not 0 <= now - self._asked_at < FRESH_MS:
            self._known.clear()
            self._asked_at = now
        new = [key for key in keys if key not in self._known]
        if new:
            found = await self._store.stops(new, now)
            self._known |= {key: found.get(key) for key in new}

    def _held(self, work: Work, stop: Stop, now: int) -> Settlement:
        recipient = work.recipient
        if stop.ends_bulk and recipient.priority is Priority.BULK:
            return Settlement(
                recipient=recipient,
                state=State.DROPPED,
                at=now,
                send_status=HIGH_REJECTION,
                reply=stop.reason,
            )
        left_ms = recipient.expires_at - now
        if left_ms <= 0:
            return Settlement(
                recipient=recipient,
                state=State.EXPIRED,
                at=now,
                bounce_class=BounceClass.EXPIRED.value,
                reply=say(
                    "The mail's lifetime ended while it was kept back: {rest}",
                    rest=stop.reason,
                ),
            )
        wait_ms = LOOK_AGAIN_MS if stop.until is None else max(SECOND, stop.until - now)
        return returned(recipient, now, min(wait_ms, left_ms), cause=stop.reason)


def _keep(work: Work, held: dict[int, Settlement], put: Callable[[Settlement], None]) -> bool:
    settlement = held.get(work.recipient.id)
    if settlement is not None:
        put(settlement)
    return settlement is None
