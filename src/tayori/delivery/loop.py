"""The engine of one delivery process: leases what is due, hands it to its site, until it stops.

Failure rules: a database that cannot be reached makes it wait and try again; whatever is held stays
leased by a heartbeat; what was never begun goes back at the end. After a SIGKILL the leases run out
and other processes take over.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Protocol

from tayori.compose.model import decode_recipe
from tayori.db.database import DatabaseBusyError
from tayori.db.wakeup import Wakeup
from tayori.delivery.connections import Connections
from tayori.delivery.judge import judge
from tayori.delivery.pacing.pacer import Pacer
from tayori.delivery.plan import Route, RouteKey, Wait
from tayori.delivery.putting_off import FAULT, FAULT_DELAY_MS
from tayori.delivery.reactions.holding import Holding
from tayori.delivery.reactions.service import Reactions
from tayori.delivery.screening import Screening
from tayori.delivery.security.routing import Securing
from tayori.delivery.settler import Settler, put_off
from tayori.delivery.shaping_rules import LiveShaping
from tayori.delivery.site import Site
from tayori.delivery.source_choice import Share, SourceChooser
from tayori.delivery.suppression import LastLook
from tayori.delivery.work import Work
from tayori.mail.outcome import Outcome
from tayori.queue.model import Leased
from tayori.queue.store import QueueStore
from tayori.runtime import log, metrics
from tayori.runtime.clock import SECOND, Clock

POLL_S = 1.0
"""Longest wait for a signal: also how late a clock that was moved is noticed."""
BREATH_S = 0.02
"""Least time between two leases that found less than they could take."""
SMALL_RECIPE = 64 * 1024
"""Octets up to which recipes are read with their batch."""
FIRST_RETRY_S = 0.1
SLOWEST_RETRY_S = 5.0
TEND_S = 1.0
URGENT_LOOK_S = 0.1
"""How often a full process looks for new mail that a person waits for."""
CROWDED = 0.75
"""Part of `most_held` from which on slow sites must make room for others."""
_LOG = "delivery"


class Router(Protocol):
    """Finds the route of a domain's mail."""

    async def route(self, domain: str, now: int) -> Route | Outcome:
        """Return the route, or the outcome that the search for it came to."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopLimits:
    """How much one process takes on. Times in milliseconds unless said."""

    batch: int = 250
    most_held: int = 1_000
    lease_ms: int = 120_000
    finish_s: float = 30.0
    """Seconds that attempts under way have when the process stops."""


class DeliveryLoop:
    """A service; `make_site` makes a route's workers' room, `refresh` is called each second."""

    def __init__(
        self,
        *,
        owner: str,
        queue: QueueStore,
        router: Router,
        last_look: LastLook,
        connections: Connections,
        settler: Settler,
        make_site: Callable[[Route], Site],
        reactions: Reactions,
        pacer: Pacer,
        shaping: LiveShaping,
        signal: Wakeup,
        clock: Clock,
        chance: random.Random,
        limits: LoopLimits,
        sources: SourceChooser | None = None,
        securing: Securing | None = None,
        screening: Screening | None = None,
        refresh: Sequence[Callable[[], object]] = (),
    ) -> None:
        self._owner = owner
        self._queue = queue
        self._router = router
        self._last_look = last_look
        self._connections = connections
        self._settler = settler
        self._make_site = make_site
        self._reactions = reactions
        self._holding = Holding(reactions, settler, clock)
        self._pacer = pacer
        self._shaping = shaping
        self._signal = signal
        self._clock = clock
        self._chance = chance
        self._limits = limits
        self._sources = sources
        self._securing = securing
        self._screening = screening
        self._refresh = refresh
        self._sites: dict[RouteKey, Site] = {}
        self._dispatching: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()
        self._unsure = False
        self._leasing: asyncio.Task[None] | None = None
        self._taking: asyncio.Task[list[Leased]] | None = None
        self._keeping: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to deliver."""
        self._settler.start()
        await self._reactions.start(lambda: self._holding.sift(self._sites.values()))
        self._pacer.start()
        self._leasing = asyncio.create_task(self._lease(), name="leasing")
        self._keeping = [
            asyncio.create_task(self._heartbeat(), name="heartbeat"),
            asyncio.create_task(self._tend(), name="tending"),
        ]

    async def stop(self) -> None:
        """Take no more, finish attempts within the bound, give the rest back."""
        self._stopping.set()
        for site in self._sites.values():
            site.stop()
        await self._end([self._leasing] if self._leasing else [])
        if self._taking is not None:
            # A lease on its way to the database will be ours, so it has to be given back.
            await asyncio.gather(self._taking, return_exceptions=True)
        await self._end(list(self._dispatching))
        await self._finish_attempts()
        await self._reactions.stop()
        await self._holding.stop()
        self._settler.give_back(self._clock.now())
        await self._settler.finish()
        await self._end(self._keeping)
        await self._connections.close()
        if self._screening is not None:
            await self._screening.close()
        await self._pacer.stop()
        await self._signal.close()

    async def wait_settled(self, count: int) -> None:
        """Return when `count` recipients were settled and committed since the start."""
        await self._settler.wait_settled(count)

    async def _finish_attempts(self) -> None:
        sites = list(self._sites.values())
        workers = {worker for site in sites for worker in site.workers}
        if not workers:
            return
        _, late = await asyncio.wait(workers, timeout=self._limits.finish_s)
        if late:
            log.get(_LOG).warning("attempts_cut_off", count=len(late))
            for site in sites:
                site.abort()
            await asyncio.wait(late)

    async def _end(self, tasks: Sequence["asyncio.Task[None]"]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _lease(self) -> None:
        pause = FIRST_RETRY_S
        while not self._stopping.is_set():
            try:
                await self._wait_for_room()
                await self._forget_lost()
                began = asyncio.get_running_loop().time()
                if not await self._lease_batch():
                    await self._wait_for_work()
                    # At rest a mail goes out at once; under a load mails that come in these
                    # moments share a lease, a settlement, and the writer's lock.
                    spent_s = asyncio.get_running_loop().time() - began
                    await asyncio.sleep(max(0.0, BREATH_S - spent_s))
                pause = FIRST_RETRY_S
            except DatabaseBusyError as error:
                log.get(_LOG).warning("lease_delayed", error=str(error))
                self._unsure = True
                pause = await _rest(pause)
            except Exception:
                # Whatever it was, the queue must go on.
                log.get(_LOG).exception("lease_failed")
                self._unsure = True
                pause = await _rest(pause)

    async def _wait_for_room(self) -> None:
        """Return when there is room for a batch; mail that a person waits for comes in before."""
        # Leases of a few at a time would cost more than they bring.
        room = asyncio.create_task(
            self._settler.wait_for_room(max(1, self._limits.most_held * 3 // 4)), name="room"
        )
        try:
            while True:
                done, _ = await asyncio.wait({room}, timeout=URGENT_LOOK_S)
                if done:
                    return
                now = self._clock.now()
                spare = self._limits.most_held + self._limits.batch - len(self._settler.held)
                due_at = await self._queue.next_due(urgent=True) if spare > 0 else None
                if due_at is not None and due_at <= now:
                    await self._carry_through(self._take(now, spare, urgent=True))
        finally:
            room.cancel()

    async def _carry_through(self, taking: Coroutine[None, None, list[Leased]]) -> list[Leased]:
        """Return what was leased; a cancelled lease would be committed by nobody's order."""
        self._taking = asyncio.create_task(taking, name="lease")
        return await asyncio.shield(self._taking)

    async def _forget_lost(self) -> None:
        """After trouble, end the leases that were committed without our hearing of it."""
        if self._unsure:
            held = self._settler.held
            now = self._clock.now()
            await self._queue.expire_unheld(self._owner, held, now, now + self._limits.lease_ms)
            self._unsure = False

    async def _lease_batch(self) -> bool:
        """Lease and hand out what is due; tell whether there may be more."""
        now = self._clock.now()
        room = min(self._limits.batch, self._limits.most_held - len(self._settler.held))
        leased = await self._carry_through(self._take(now, room))
        return len(leased) == room

    async def _take(self, now: int, room: int, *, urgent: bool = False) -> list[Leased]:
        until = now + self._limits.lease_ms
        leased = await self._queue.lease(self._owner, now, until, room, urgent=urgent)
        if not leased:
            return leased
        self._settler.hold(leased)
        task = asyncio.create_task(self._dispatch(leased), name="dispatch")
        self._dispatching.add(task)
        task.add_done_callback(self._dispatching.discard)
        return leased

    async def _wait_for_work(self) -> None:
        due_at = await self._queue.next_due()
        wait_s = POLL_S
        if due_at is not None:
            wait_s = min(POLL_S, max(0.0, (due_at - self._clock.now()) / SECOND))
        if wait_s > 0:
            await self._signal.wait(wait_s)

    async def _dispatch(self, leased: Sequence[Leased]) -> None:
        """Read the recipes, find the routes, and hand each recipient to its site."""
        works = await self._allowed(await self._works(leased))
        if self._screening is None:
            await self._spread(works)
        else:
            await self._screening.pass_on(works, self._spread, self._settler.put)

    async def _spread(self, works: Sequence[Work]) -> None:
        by_domain: defaultdict[str, list[Work]] = defaultdict(list)
        for work in works:
            by_domain[work.recipient.domain].append(work)
        await asyncio.gather(*(self._hand_out(name, some) for name, some in by_domain.items()))

    async def _works(self, leased: Sequence[Leased]) -> list[Work]:
        numbers = {item.message_id for item in leased}
        pause = FIRST_RETRY_S
        while True:
            try:
                stored = await self._queue.small_recipes(numbers, SMALL_RECIPE)
                recipes = {number: decode_recipe(recipe) for number, recipe in stored.items()}
                return [Work(item, recipes.get(item.message_id)) for item in leased]
            except DatabaseBusyError as error:
                log.get(_LOG).warning("recipes_delayed", error=str(error))
                pause = await _rest(pause)
            except Exception:
                # Whose recipe it is shows when each is read alone, which is what None asks for.
                log.get(_LOG).exception("recipes_unread", count=len(leased))
                return [Work(item, None) for item in leased]

    async def _allowed(self, works: Sequence[Work]) -> Sequence[Work]:
        """Return what may still be sent; the rest is settled as dropped."""
        pause = FIRST_RETRY_S
        while True:
            try:
                allowed, dropped = await self._last_look.sort_out(works)
            except DatabaseBusyError as error:
                log.get(_LOG).warning("last_look_delayed", error=str(error))
                pause = await _rest(pause)
                continue
            for settlement in dropped:
                self._settler.put(settlement)
            return allowed

    async def _hand_out(self, domain: str, works: Sequence[Work]) -> None:
        now = self._clock.now()
        try:
            shares = await self._shares(await self._router.route(domain, now), works)
        except Exception:
            log.get(_LOG).exception("routing_failed", domain=domain)
            for work in works:
                self._settler.put(put_off(work.recipient, now, FAULT_DELAY_MS, FAULT))
            return
        for share in shares:
            await self._set_off(share)

    async def _shares(self, route: Route | Outcome, works: Sequence[Work]) -> Sequence[Share]:
        if isinstance(route, Outcome) or self._securing is None:
            return await self._from_sources(route, works)
        ways = await self._securing.ways(route, works)
        return [share for some, way in ways for share in await self._from_sources(way, some)]

    async def _from_sources(self, way: Route | Outcome, works: Sequence[Work]) -> Sequence[Share]:
        if self._sources is None or isinstance(way, Outcome):
            return [Share(works, way)]
        return await self._sources.share(way, works)

    async def _set_off(self, share: Share) -> None:
        now = self._clock.now()
        way = share.way
        if isinstance(way, Route):
            free = await self._holding.free(way, share.works)
            site = self._site(way)
            for work in free:
                site.add(work)
            return
        for work in share.works:
            if isinstance(way, Wait):
                self._settler.put(put_off(work.recipient, now, max(0, way.until - now), way.cause))
            else:
                self._settler.put(judge(work.recipient, way, now, self._chance))

    def _site(self, route: Route) -> Site:
        site = self._sites.get(route.key)
        if site is None:
            site = self._sites[route.key] = self._make_site(route)
        site.route = route
        return site

    async def _tend(self) -> None:
        """Look after sites and connections once a second."""
        while True:
            await asyncio.sleep(TEND_S)
            self._shaping.refresh()
            crowded = await self._others_wait()
            for key, site in list(self._sites.items()):
                site.measure(crowded=crowded)
                if site.idle:
                    site.close()
                    del self._sites[key]
            self._connections.prune()
            for refresh in self._refresh:
                refresh()
            try:
                await self._last_look.sift(list(self._sites.values()), self._settler.put)
            except Exception:
                # What waits is looked at again in a second.
                log.get(_LOG).exception("sifting_failed")

    async def _others_wait(self) -> bool:
        """Tell whether mail is due for which there is hardly any room here."""
        if len(self._settler.held) < self._limits.most_held * CROWDED:
            return False
        try:
            due_at = await self._queue.next_due()
        except DatabaseBusyError:
            return False
        return due_at is not None and due_at <= self._clock.now()

    async def _heartbeat(self) -> None:
        while True:
            await asyncio.sleep(self._limits.lease_ms / SECOND / 3)
            held = self._settler.held
            now = self._clock.now()
            until = now + self._limits.lease_ms
            try:
                due_at = await self._queue.next_due()
                metrics.QUEUE_LAG.set(0 if due_at is None else max(0, now - due_at) / SECOND)
                if held:
                    await self._queue.extend(self._owner, held, until)
            except Exception:
                # The next beat comes before the leases run out.
                log.get(_LOG).exception("heartbeat_failed", held=len(held))


async def _rest(pause_s: float) -> float:
    """Wait before the database is asked again; return how long to wait the next time."""
    await asyncio.sleep(pause_s)
    return min(SLOWEST_RETRY_S, pause_s * 2)
