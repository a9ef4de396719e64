"""Leases due recipients, attempts them, and settles what came of it.

Failure rules: whatever goes wrong in an attempt is an outcome; a fault of ours leaves the lease to
run out, so the recipient is tried again and never lost. A mail whose connection died before its
first reply was not attempted: it goes back to the queue at once.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from tayori.compose.build import Capabilities, Mail
from tayori.delivery.connections import Connections
from tayori.delivery.judge import judge
from tayori.delivery.plan import Planner, Route
from tayori.mail.outcome import Outcome
from tayori.queue.model import Leased, Settlement
from tayori.queue.states import State
from tayori.queue.store import QueueStore
from tayori.runtime import log
from tayori.runtime.clock import Clock
from tayori.smtp.envelope import Envelope
from tayori.smtp.session import Session


class Composer(Protocol):
    """Builds a recipient's mail from the stored recipe."""

    async def compose(self, recipient: Leased, recipe: bytes, receiver: Capabilities) -> Mail:
        """Return the finished mail."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineLimits:
    """How much one process takes on at a time."""

    batch: int = 200
    lease_ms: int = 120_000
    connections_per_site: int = 10


class Engine:
    """One delivery process's work; `owner` names it in leases."""

    def __init__(
        self,
        *,
        owner: str,
        queue: QueueStore,
        composer: Composer,
        planner: Planner,
        connections: Connections,
        clock: Clock,
        chance: random.Random,
        limits: EngineLimits,
    ) -> None:
        self._owner = owner
        self._queue = queue
        self._composer = composer
        self._planner = planner
        self._connections = connections
        self._clock = clock
        self._chance = chance
        self._limits = limits
        self._log = log.get("delivery")

    async def deliver_due(self) -> int:
        """Lease one batch, attempt all of it, settle it; return how many were leased."""
        now = self._clock.now()
        until = now + self._limits.lease_ms
        leased = await self._queue.lease(self._owner, now, until, self._limits.batch)
        if not leased:
            return 0
        recipes = await self._queue.recipes(item.message_id for item in leased)
        sites: defaultdict[Route, list[Leased]] = defaultdict(list)
        by_domain: defaultdict[str, list[Leased]] = defaultdict(list)
        for item in leased:
            by_domain[item.domain].append(item)
        routes = await asyncio.gather(*(self._planner.route(d, now) for d in by_domain))
        unroutable: list[Settlement] = []
        for route, items in zip(routes, by_domain.values(), strict=True):
            if isinstance(route, Route):
                sites[route] += items
            else:
                unroutable += [judge(item, route, now, self._chance) for item in items]
        settled = await asyncio.gather(
            *(self._attempt_site(route, items, recipes) for route, items in sites.items())
        )
        await self._settle([*unroutable, *(s for group in settled for s in group)])
        return len(leased)

    async def _settle(self, batch: Sequence[Settlement]) -> None:
        if batch:
            await self._queue.settle(self._owner, batch)

    async def _attempt_site(
        self, route: Route, items: list[Leased], recipes: dict[int, bytes]
    ) -> list[Settlement]:
        waiting = list(reversed(items))
        settled: list[Settlement] = []
        workers = min(len(items), self._limits.connections_per_site)
        await asyncio.gather(
            *(self._work(route, waiting, recipes, settled) for _ in range(workers))
        )
        return settled

    async def _work(
        self,
        route: Route,
        waiting: list[Leased],
        recipes: dict[int, bytes],
        settled: list[Settlement],
    ) -> None:
        while waiting:
            item = waiting.pop()
            recipe = recipes.get(item.message_id)
            if recipe is None:
                self._log.warning("recipe_absent", recipient=item.id, message=item.message_id)
                continue
            try:
                settled.append(await self._attempt(route, item, recipe))
            except Exception:
                # A fault of ours must not take the batch down; the lease of this one runs out.
                self._log.exception("attempt_failed", recipient=item.id)

    async def _attempt(self, route: Route, item: Leased, recipe: bytes) -> Settlement:
        session = await self._connections.take(route)
        if isinstance(session, Outcome):
            return judge(item, session, self._clock.now(), self._chance)
        usable = False
        try:
            outcome = await self._send(session, item, recipe)
            usable = outcome is not None
        finally:
            self._connections.give_back(route, session, usable=usable)
        now = self._clock.now()
        if outcome is None:
            return Settlement(recipient=item, state=State.QUEUED, at=now, due_at=now)
        return judge(item, outcome, now, self._chance)

    async def _send(self, session: Session, item: Leased, recipe: bytes) -> Outcome | None:
        """Return the outcome, or None when the connection had died before the mail began."""
        offered = session.extensions
        receiver = Capabilities(eight_bit=offered.eightbit, smtputf8=offered.smtputf8)
        mail = await self._composer.compose(item, recipe, receiver)
        envelope = Envelope(
            return_path=mail.return_path,
            recipients=(item.address,),
            size=len(mail.content),
            body="8BITMIME" if mail.eight_bit else "7BIT",
            smtputf8=mail.smtputf8,
        )
        result = await session.send(envelope, mail.content)
        return result.outcomes[0] if result.started else None
