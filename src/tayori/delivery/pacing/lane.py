"""What one site's workers see of pacing: connections to take, and turns to send in.

Nothing here waits for the database but a turn for which nothing is reserved yet; where no rate is
set a turn costs nothing at all. A part of each rate is kept for mail that a person waits for: it
may use both parts, all other mail only the larger one.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from tayori.delivery.pacing.gate import Gate
from tayori.delivery.pacing.pool import Pool, Slot
from tayori.delivery.shaping import MICRO, Limits, Rate
from tayori.runtime.clock import SECOND, Clock

LOOK_S = 0.5
"""Longest sleep until the rules and the clock are looked at again."""


class Book(Protocol):
    """Keeps this process's pools and gates by key, and asks for more."""

    @property
    def alive(self) -> bool:
        """Tell whether this process's shares hold at present."""
        ...

    def pool(self, key: str, limit: int) -> Pool:
        """Return the pool of a key, with its limit as it is now."""
        ...

    def gate(self, key: str, rate: Rate) -> Gate:
        """Return the gate of a key, with its rate as it is now."""
        ...

    def ask_for(self, pool: Pool) -> None:
        """Ask for more connections soon, unless that was in vain a moment ago."""
        ...

    def reserve(self, gate: Gate) -> None:
        """Reserve more of a rate soon."""
        ...

    def serve(self, pool: Pool) -> None:
        """Tell those who wait for the pool, in the next step of the loop."""
        ...

    async def answered(self, timeout_s: float) -> None:
        """Return at the next answer, or after the time."""
        ...


@dataclass(frozen=True, slots=True)
class Counted:
    """A name under which things are counted, such as "site|mx.example", and its limits."""

    name: str
    limits: Limits


@dataclass(frozen=True, slots=True)
class Row:
    """One limit on a rate: the turns of all mail, and those that are kept for urgent mail."""

    common: Gate
    kept: Gate | None


class Lane:
    """The way to one site from one source; `free` is called when a connection may be taken."""

    def __init__(self, book: Book, clock: Clock, free: Callable[[], None]) -> None:
        self._book = book
        self._clock = clock
        self._free = free
        self._counted: tuple[Counted, ...] = ()
        self._pools: tuple[Pool, ...] = ()
        self._openings: tuple[Row, ...] = ()
        self._mails: tuple[Row, ...] = ()
        self._turns = asyncio.Lock()
        self._hurry = asyncio.Event()
        self._urgent = 0
        self._timer: asyncio.TimerHandle | None = None
        self._backlog = 0
        self.closed = False

    @property
    def paced(self) -> bool:
        """Tell whether mails have to wait for their turns."""
        return bool(self._mails)

    @property
    def mails_per_second(self) -> float | None:
        """Return the most mails of a second; None is unlimited."""
        rates = [
            row.common.per_second + (row.kept.per_second if row.kept else 0) for row in self._mails
        ]
        return min(rates, default=None)

    @property
    def must_yield(self) -> bool:
        """Tell whether a connection has to end after its mail: it is another's turn, or none's."""
        if not self._pools:
            return False
        return not self._book.alive or any(pool.must_yield(self) for pool in self._pools)

    @property
    def starved(self) -> bool:
        """Tell whether somebody else has everything that could be had."""
        return any(pool.room <= 0 and not pool.held for pool in self._pools)

    def count(self, counted: tuple[Counted, ...]) -> None:
        """Take up limits; those of connections that are open already go with their slots."""
        if counted == self._counted:
            return
        waiting = max((pool.waiting.get(self, 0) for pool in self._pools), default=0)
        pressed = any(self in pool.urgent for pool in self._pools)
        backlog, urgent = self._backlog, self._urgent
        self._leave()
        self._counted = counted
        self._pools = tuple(
            self._book.pool(one.name, one.limits.connections)
            for one in counted
            if one.limits.connections is not None
        )
        self._openings = tuple(
            self._row(f"open|{one.name}", one.limits.connection_rate)
            for one in counted
            if one.limits.connection_rate is not None
        )
        self._mails = tuple(
            self._row(f"mail|{one.name}", one.limits.mail_rate)
            for one in counted
            if one.limits.mail_rate is not None
        )
        self._refer(1)
        self.want(waiting, urgent=pressed)
        self.queue(backlog, urgent)

    def _row(self, key: str, rate: Rate) -> Row:
        common, kept = rate.parted()
        return Row(
            self._book.gate(key, common), self._book.gate(f"kept|{key}", kept) if kept else None
        )

    def could_go(self) -> bool:
        """Tell whether every pool has room."""
        return all(pool.room > 0 for pool in self._pools)

    def may_open(self) -> bool:
        """Tell whether the rates let a connection begin now; if it is unknown, ask."""
        now_us = self._clock.now() * MICRO
        urgent = any(self in pool.urgent for pool in self._pools)
        return all(self._delay(row, now_us, urgent=urgent)[1] == 0 for row in self._openings)

    def on_free(self) -> None:
        """Pass on that a connection may be taken."""
        self._free()

    def take(self, *, urgent: bool = False) -> Slot | None:
        """Return the right to one new connection, or None when it is not to be had now."""
        pools = self._pools
        if self.closed or (pools and not self._book.alive):
            return None
        if not all(pool.room > 0 and pool.first_is(self) for pool in pools):
            return None
        if not self._may_open(urgent=urgent):
            return None
        return Slot(pools)

    def want(self, count: int, *, urgent: bool = False) -> None:
        """Say how many more connections could be used now.

        `urgent`: a person waits for one of the mails, and no connection is there for them.
        """
        for pool in self._pools:
            pool.wait(self, count, urgent=urgent)
            if count > 0 and (pool.room <= 0 or not self._book.alive):
                pool.recall()
                self._book.ask_for(pool)

    def queue(self, count: int, urgent: int = 0) -> None:
        """Say how many mails wait, so that no more turns are reserved than can be used.

        `urgent` ones of them may use the turns that are kept.
        """
        for row in self._mails:
            row.common.backlog += count - self._backlog
            if row.kept is not None:
                row.kept.backlog += urgent - self._urgent
        if urgent > self._urgent:
            self._hurry.set()
        self._backlog = count if self._mails else 0
        self._urgent = urgent if self._mails else 0

    async def turn(self, longest_s: float) -> bool:
        """Wait for the turn of one mail and spend it; False when it does not come in time."""
        async with self._turns:
            ends = asyncio.get_running_loop().time() + longest_s
            while not self.closed:
                wait_s = self._turn_in(self._mails, urgent=self._urgent > 0)
                if wait_s == 0:
                    return True
                left_s = ends - asyncio.get_running_loop().time()
                if left_s <= 0 or (wait_s or 0) > longest_s:
                    return False
                if wait_s is None:
                    await self._book.answered(min(LOOK_S, left_s))
                else:
                    await self._sleep(min(wait_s, LOOK_S, left_s))
        return False

    async def _sleep(self, seconds: float) -> None:
        """Sleep, but not while a mail comes that may use another turn."""
        self._hurry.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._hurry.wait()

    def close(self) -> None:
        """Want nothing any more."""
        self.closed = True
        self._leave()
        self._pools = self._openings = self._mails = ()
        if self._timer is not None:
            self._timer.cancel()

    def _leave(self) -> None:
        self.want(0)
        self.queue(0)
        self._refer(-1)

    def _refer(self, change: int) -> None:
        for pool in self._pools:
            pool.lanes += change
        for row in (*self._openings, *self._mails):
            row.common.lanes += change
            if row.kept is not None:
                row.kept.lanes += change

    def _may_open(self, *, urgent: bool) -> bool:
        """Spend a turn of every rate of connections; else be told when there is one."""
        wait_s = self._turn_in(self._openings, urgent=urgent) if self._openings else 0
        if wait_s == 0:
            return True
        if wait_s is not None and self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(min(wait_s, LOOK_S), self._look_again)
        return False

    def _look_again(self) -> None:
        self._timer = None
        self._free()

    def _turn_in(self, rows: tuple[Row, ...], *, urgent: bool) -> float | None:
        """Spend a turn in all rows and return 0, or the seconds until it may be, or None."""
        now_us = self._clock.now() * MICRO
        longest = 0
        gates = []
        for row in rows:
            gate, delay = self._delay(row, now_us, urgent=urgent)
            if delay is None:
                return None
            gates.append(gate)
            longest = max(longest, delay)
        if longest:
            return longest / (SECOND * MICRO)
        for gate in gates:
            gate.pass_one(now_us)
            if gate.running_out:
                self._book.reserve(gate)
        return 0

    def _delay(self, row: Row, now_us: int, *, urgent: bool) -> tuple[Gate, int | None]:
        """Return the gate to pass and microseconds until then; None when turns had to be asked for.

        What is kept is only spent when it is sooner.
        """
        delay = row.common.delay(now_us)
        if delay is None:
            self._book.reserve(row.common)
        kept = row.kept
        if kept is None or delay == 0 or not urgent:
            return row.common, delay
        other = kept.delay(now_us)
        if other is None:
            self._book.reserve(kept)
        if other is not None and (delay is None or other < delay):
            return kept, other
        return row.common, delay if other is not None else None
