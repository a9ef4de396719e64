"""What this process may use of one limit on connections, and who in it waits for some (pure)."""

from collections.abc import Callable
from typing import Protocol


class Waiting(Protocol):
    """Somebody who wants connections from several pools at once."""

    def could_go(self) -> bool:
        """Tell whether every pool has room for another connection."""
        ...

    def may_open(self) -> bool:
        """Tell whether the rates let a connection begin now."""
        ...

    def on_free(self) -> None:
        """Take a connection, if it is still wanted."""
        ...


class Slot:
    """The right to one connection; it is held from before its begin until after its end."""

    __slots__ = ("_ended", "_leaving", "_pools", "_rest")

    def __init__(self, pools: tuple["Pool", ...]) -> None:
        self._pools = pools
        self._ended = False
        self._leaving = False
        self._rest: Callable[[], None] | None = None
        for pool in pools:
            pool.held += 1

    def rest(self, close: Callable[[], None]) -> None:
        """Say that the connection is kept without work; `close` ends it when others want it."""
        self._rest = close
        for pool in self._pools:
            pool.resting[self] = None

    def resume(self) -> None:
        """Say that the connection is at work again."""
        self._rest = None
        for pool in self._pools:
            pool.resting.pop(self, None)

    def recall(self) -> None:
        """End the resting connection."""
        close = self._rest
        self.leave()
        if close is not None:
            close()

    def leave(self) -> None:
        """Say that the connection is about to end, so that no other has to end as well."""
        self.resume()
        if not self._leaving and not self._ended:
            self._leaving = True
            for pool in self._pools:
                pool.leaving += 1

    def release(self) -> None:
        """Say that the connection has ended."""
        if self._ended:
            return
        self.resume()
        self._ended = True
        for pool in self._pools:
            pool.held -= 1
            pool.leaving -= self._leaving
            pool.changed(pool)


class Pool:
    """One key; `changed` is told when somebody who waits may have a chance."""

    def __init__(self, key: str, limit: int, changed: Callable[["Pool"], None]) -> None:
        self.key = key
        self.limit = limit
        self.changed = changed
        self.lanes = 0
        self.known = False
        """Whether the database has a row of ours."""
        self.asked = 0
        self.granted = 0
        self.target = 0
        self.held = 0
        self.leaving = 0
        self.full = False
        """True when the last answer gave less than was wanted: asking again at once is no use."""
        self.resting: dict[Slot, None] = {}
        self.waiting: dict[Waiting, int] = {}
        """How many more connections each could use, in the order of service."""
        self.urgent: set[Waiting] = set()
        """Those of them that have mail which a person waits for, and no connection at all."""

    @property
    def room(self) -> int:
        """Return how many connections may be opened now."""
        return min(self.granted, self.target) - self.held

    @property
    def excess(self) -> int:
        """Return how many connections have to end that are not ending yet."""
        return self.held - self.leaving - min(self.granted, self.target)

    @property
    def wanted(self) -> int:
        """Return how many connections have work, or could have."""
        busy = self.held - len(self.resting) - self.leaving
        return max(0, busy) + sum(self.waiting.values())

    @property
    def unused(self) -> bool:
        """Tell whether nobody here has or wants a connection."""
        return not self.held and not self.waiting

    def must_yield(self, who: Waiting) -> bool:
        """Tell whether one of `who`'s connections has to end after its mail."""
        if self.excess > 0:
            return True
        if not self.urgent or self.room > 0 or who in self.urgent:
            return False
        return self.leaving < sum(each.may_open() for each in self.urgent)

    def wait(self, who: Waiting, count: int, *, urgent: bool) -> None:
        """Note how many connections `who` waits for; urgent ones come first."""
        self.urgent.discard(who)
        if count <= 0:
            self.waiting.pop(who, None)
        elif urgent:
            self.urgent.add(who)
            self.waiting = {who: count} | {
                each: n for each, n in self.waiting.items() if each is not who
            }
        else:
            self.waiting[who] = count

    def give_up(self) -> int:
        """Come down to what is needed or permitted; return what is kept."""
        self.granted = max(self.held, min(self.granted, self.target, self.wanted))
        return self.granted

    def first_is(self, who: Waiting) -> bool:
        """Tell whether nobody before `who` could go instead."""
        for other in self.waiting:
            if other is who:
                return True
            if other.could_go():
                return False
        return True

    def recall(self) -> None:
        """End resting connections: what is over the target, and what somebody here waits for."""
        count = self.excess
        if self.waiting and self.room <= 0 and self.resting:
            # One that rests is worth more than one that cannot be opened yet.
            could = sum(count for each, count in self.waiting.items() if each.may_open())
            count = max(count, min(could, len(self.resting)) - self.leaving)
        for slot in list(self.resting)[: max(0, count)]:
            slot.recall()
