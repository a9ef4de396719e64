"""This process's end of pacing: asks the database for shares, and gives them back.

A new wish is asked at once, those of the same moment together; everything is renewed twice a
second. Failure rules: while the database cannot be reached nothing more is granted, and a share
that could not be renewed is not used any more well before others may take it. At a stop all is
given back; what a killed process had comes back when the others have watched it being late.
"""

import asyncio
from collections.abc import Callable, Mapping

from tayori.db.database import DatabaseBusyError
from tayori.delivery.pacing.gate import Gate
from tayori.delivery.pacing.lane import Lane
from tayori.delivery.pacing.pool import Pool
from tayori.delivery.pacing.store import Asked, PacingStore, RateAsk, ShareAsk
from tayori.delivery.shaping import MICRO, Rate
from tayori.runtime import log
from tayori.runtime.clock import HOUR, SECOND, Clock

TICK_S = 0.5
HURRY_S = 0.1
"""How soon is asked again for a connection to mail that a person waits for."""
LIFE_MS = 20 * SECOND
"""How long a process that does not renew keeps what it has."""
SAFE_MS = 8 * SECOND
"""How long before that it uses nothing of it for new mails any more."""
LATE_LOOKS = 3
"""Renewals of ours at which another was late before its shares are taken from it."""
_LOG = "pacing"


class Pacer:
    """A service beside the delivery loop of one process; `owner` names the process."""

    def __init__(
        self,
        *,
        store: PacingStore,
        owner: str,
        clock: Clock,
        life_ms: int = LIFE_MS,
        safe_ms: int = SAFE_MS,
    ) -> None:
        self._store = store
        self._owner = owner
        self._clock = clock
        self._life_ms = life_ms
        self._safe_ms = safe_ms
        self._pools: dict[str, Pool] = {}
        self._gates: dict[str, Gate] = {}
        self._short: set[str] = set()
        self._used_until = 0
        self._late: dict[str, tuple[int, int]] = {}
        self._asking = asyncio.Lock()
        self._urgent: asyncio.Task[None] | None = None
        self._ticking: asyncio.Task[None] | None = None
        self._answer = asyncio.Event()
        self._to_serve: dict[Pool, None] = {}
        self._forgotten_at = 0
        self._stopped = False

    @property
    def alive(self) -> bool:
        """Tell whether the last renewal is young enough to rely on."""
        return self._clock.now() < self._used_until

    def lane(self, free: Callable[[], None]) -> Lane:
        """Return a lane without limits; `free` is called when it may take a connection."""
        return Lane(self, self._clock, free)

    def start(self) -> None:
        """Begin to renew."""
        self._ticking = asyncio.create_task(self._tick(), name="pacing")

    async def stop(self) -> None:
        """Give everything back; every connection has to be closed by now."""
        self._stopped = True
        tasks = [task for task in (self._ticking, self._urgent) if task is not None]
        if self._ticking is not None:
            self._ticking.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if not self._used_until:
            return
        tails = {key: tail for key, gate in self._gates.items() if (tail := gate.give_up())}
        try:
            await self._store.leave(self._owner, tails)
        except Exception:
            # What it had runs out by itself.
            log.get(_LOG).exception("pacing_not_given_back")

    # What lanes ask.

    def pool(self, key: str, limit: int) -> Pool:
        """Return the pool of a key, with its limit as it is now."""
        pool = self._pools.get(key)
        if pool is None:
            pool = self._pools[key] = Pool(key, limit, self.serve)
        pool.limit = limit
        return pool

    def gate(self, key: str, rate: Rate) -> Gate:
        """Return the gate of a key, with its rate as it is now."""
        gate = self._gates.get(key)
        if gate is None:
            gate = self._gates[key] = Gate(key, rate)
        gate.rate = rate
        return gate

    def ask_for(self, pool: Pool) -> None:
        """Ask soon, unless the last answer said that there is no more."""
        if not pool.full or not self.alive:
            self._soon()

    def reserve(self, gate: Gate) -> None:
        """Reserve soon."""
        self._short.add(gate.key)
        self._soon()

    def serve(self, pool: Pool) -> None:
        """Tell those who wait for the pool, in the next step of the loop."""
        if not self._to_serve:
            asyncio.get_running_loop().call_soon(self._serve_all)
        self._to_serve[pool] = None

    async def answered(self, timeout_s: float) -> None:
        """Return at the next answer, or after the time."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._answer.wait()
        except TimeoutError:
            return

    # Asking.

    async def renew(self) -> None:
        """Ask for all keys anew; take over from processes that were late again and again."""
        for pool in self._pools.values():
            pool.full = False
        dead = {owner: end for owner, (end, looks) in self._late.items() if looks >= LATE_LOOKS}
        asked = await self._ask(list(self._pools.values()), dead)
        if asked is not None:
            self._watch(asked.late)
            for pool in self._pools.values():
                self._after(pool)
        self._tidy()

    def _tidy(self) -> None:
        """Forget what no lane uses; the rest of a reserved block is lost with its gate."""
        for key, pool in list(self._pools.items()):
            if not pool.lanes and pool.unused and not pool.known:
                del self._pools[key]
        for key, gate in list(self._gates.items()):
            if not gate.lanes:
                del self._gates[key]

    def _soon(self) -> None:
        if self._stopped or (self._urgent is not None and not self._urgent.done()):
            return
        self._urgent = asyncio.create_task(self._ask_soon(), name="pacing soon")

    async def _ask_soon(self) -> None:
        """Ask for what is short of something, until nothing is."""
        while True:
            pools = [pool for pool in self._pools.values() if self._is_short(pool)]
            if not (pools or self._short):
                return
            if await self._ask(pools, {}) is None:
                return
            for pool in pools:
                self._after(pool)

    def _is_short(self, pool: Pool) -> bool:
        short = pool.waiting and (pool.room <= 0 or pool.wanted > min(pool.granted, pool.target))
        return bool(short) and not pool.full

    async def _ask(self, pools: list[Pool], dead: Mapping[str, int]) -> Asked | None:
        async with self._asking:
            asks = [self._wish(pool) for pool in pools if not pool.unused]
            unused = [pool for pool in pools if pool.unused and pool.known]
            rates = self._rate_asks()
            for pool in unused:
                pool.granted = pool.target = 0
            if not (asks or rates or unused):
                # An idle process renews nothing; without shares there is nothing to lose.
                return None
            now = self._clock.now()
            try:
                asked = await self._store.ask(
                    self._owner,
                    now,
                    now + self._life_ms,
                    shares=asks,
                    rates=rates,
                    dropped=[pool.key for pool in unused],
                    dead=dead,
                )
            except DatabaseBusyError as error:
                log.get(_LOG).warning("pacing_delayed", error=str(error))
                return None
            self._used_until = now + self._life_ms - self._safe_ms
            self._take(asked)
            for pool in unused:
                pool.known = False
            return asked

    def _wish(self, pool: Pool) -> ShareAsk:
        wanted = pool.asked = min(pool.limit, pool.wanted)
        pool.known = True
        return ShareAsk(key=pool.key, limit=pool.limit, wanted=wanted, keep=pool.give_up())

    def _rate_asks(self) -> list[RateAsk]:
        now_us = self._clock.now() * MICRO
        short, self._short = self._short, set()
        return [
            RateAsk(
                key=gate.key,
                interval_us=gate.rate.interval_us,
                count=gate.count,
                tail=gate.give_up_tail(now_us),
            )
            for gate in (self._gates[key] for key in sorted(short) if key in self._gates)
        ]

    def _take(self, asked: Asked) -> None:
        for key, share in asked.shares.items():
            pool = self._pools[key]
            pool.full = False
            pool.granted, pool.target = share.granted, share.target
        for key, (start, end) in asked.blocks.items():
            if key in self._gates:
                self._gates[key].add(start, end)
        self._answer.set()
        self._answer.clear()

    def _after(self, pool: Pool) -> None:
        still = sum(pool.waiting.values())
        pool.full = pool.granted < pool.asked or (pool.wanted <= pool.asked and pool.room < still)
        pool.recall()
        if pool.waiting and pool.room > 0:
            self.serve(pool)

    def _watch(self, late: Mapping[str, int]) -> None:
        """Count how often in a row each late owner was late."""
        self._late = {
            owner: (end, self._late[owner][1] + 1 if self._late.get(owner, (0,))[0] == end else 1)
            for owner, end in late.items()
        }

    def _serve_all(self) -> None:
        pools, self._to_serve = list(self._to_serve), {}
        for pool in pools:
            self._serve(pool)

    def _serve(self, pool: Pool) -> None:
        """Let those who wait take one connection each in turn, as long as somebody does."""
        while pool.room > 0:
            for lane in list(pool.waiting):
                before = pool.held
                if pool.waiting.get(lane) and lane.could_go():
                    lane.on_free()
                if pool.held > before:
                    # Whoever got one stands behind the others.
                    still = pool.waiting.pop(lane, 0)
                    if still:
                        pool.waiting[lane] = still
                    break
            else:
                return

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            renewed_at = loop.time()
            await asyncio.sleep(HURRY_S)
            try:
                while (left_s := renewed_at + TICK_S - loop.time()) > 0:
                    await self._press()
                    await asyncio.sleep(min(left_s, HURRY_S))
                await self.renew()
                await self._forget()
            except Exception:
                log.get(_LOG).exception("pacing_failed")

    async def _press(self) -> None:
        """Ask again where a person waits, and give what had to end to whoever waits elsewhere."""
        pools = [
            pool
            for pool in self._pools.values()
            if (pool.urgent and pool.room <= 0) or pool.granted > max(pool.held, pool.target)
        ]
        if pools and await self._ask(pools, {}) is not None:
            for pool in pools:
                self._after(pool)

    async def _forget(self) -> None:
        now = self._clock.now()
        if self._used_until and now - self._forgotten_at > HOUR:
            self._forgotten_at = now
            await self._store.forget(now)
