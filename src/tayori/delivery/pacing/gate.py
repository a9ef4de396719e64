"""The local end of a rate: spends blocks of time that were reserved for this process (pure).

A rate is an even row of events, one per interval (GCRA, ITU-T I.371). A block is a piece of that
row: events of ours may begin inside it, an interval apart, each at most `tolerance` late. Blocks
of different processes never overlap, so the row as a whole is kept whoever sends.
"""

from collections import deque
from dataclasses import dataclass

from tayori.delivery.shaping import MICRO, Rate
from tayori.runtime.clock import SECOND

_AHEAD_US = SECOND * MICRO
"""How much of the row one reservation takes at most, a single interval apart."""


@dataclass(slots=True)
class Block:
    """A reserved piece: the next event may begin at `next_us`, all of them before `end_us`."""

    next_us: int
    end_us: int


class Gate:
    """Lets events through at the rate of one key; times in microseconds since the epoch."""

    def __init__(self, key: str, rate: Rate) -> None:
        self.key = key
        self.rate = rate
        self.lanes = 0
        self.backlog = 0
        """Events that wait, as far as is known; no more than that is reserved."""
        self._blocks: deque[Block] = deque()
        self._not_before = 0

    @property
    def per_second(self) -> float:
        """Return the events of a second."""
        return _AHEAD_US / self.rate.interval_us

    @property
    def count(self) -> int:
        """Return how many events are worth reserving now."""
        return max(1, min(self.backlog, _AHEAD_US // self.rate.interval_us))

    @property
    def running_out(self) -> bool:
        """Tell whether less than a quarter of a block is left, of one that holds many."""
        interval = self.rate.interval_us
        left = sum(block.end_us - block.next_us for block in self._blocks)
        return interval * 8 < _AHEAD_US and left * 4 < min(_AHEAD_US, self.backlog * interval)

    def delay(self, now_us: int) -> int | None:
        """Return microseconds until the next event; None when nothing is reserved for it."""
        if now_us < self._not_before:
            return self._not_before - now_us
        interval, tolerance = self.rate.interval_us, self.rate.tolerance_us
        while self._blocks:
            block = self._blocks[0]
            at = max(block.next_us, now_us - tolerance)
            if at <= block.end_us - interval:
                return max(0, at - now_us)
            if len(self._blocks) == 1:
                return None
            self._blocks.popleft()
        return None

    def pass_one(self, now_us: int) -> None:
        """Spend an event; `delay` has just said 0."""
        block = self._blocks[0]
        block.next_us = max(block.next_us, now_us - self.rate.tolerance_us) + self.rate.interval_us

    def give_up_tail(self, now_us: int) -> tuple[int, int] | None:
        """Part with what cannot be used any more; return its end and where the unused part begins.

        Only what no event may begin in is parted with, so nothing is spent and given back as well.
        """
        if not self._blocks or self.delay(now_us) is not None:
            return None
        last = self._blocks.pop()
        return (last.end_us, last.next_us)

    def add(self, start_us: int, end_us: int) -> None:
        """Take a reserved block; an empty one says that nothing can begin before `start_us`."""
        if end_us <= start_us:
            self._not_before = start_us
            return
        self._not_before = 0
        if self._blocks and self._blocks[-1].end_us == start_us:
            self._blocks[-1].end_us = end_us
        else:
            self._blocks.append(Block(start_us, end_us))

    def give_up(self) -> tuple[int, int] | None:
        """Part with everything at a stop; return the last block as `give_up_tail` does."""
        last = self._blocks[-1] if self._blocks else None
        self._blocks.clear()
        return (last.end_us, last.next_us) if last else None
