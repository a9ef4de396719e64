"""A small memory of answers from the database, bounded in size and in age.

An answer is at most `ttl_ms` old, so a change that another process committed is seen after that
time; the process that makes the change forgets at once. A clock that runs backwards forgets too.
"""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, NamedTuple, TypeVar

from tayori.runtime.clock import Clock

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Question(NamedTuple):
    """When a question was put, and how often all was forgotten before."""

    at: int
    forgotten: int


class Memory(Generic[K, V]):
    """Remembers up to `size` values; the one unused for longest goes first."""

    def __init__(self, clock: Clock, *, ttl_ms: int = 5_000, size: int = 4_096) -> None:
        self._clock = clock
        self._ttl = ttl_ms
        self._size = size
        self._forgotten = 0
        self._kept: OrderedDict[K, tuple[int, V]] = OrderedDict()

    def recall(self, key: K) -> V | None:
        """Return the value when it is fresh enough, else None."""
        kept = self._kept.get(key)
        if kept is None:
            return None
        if not 0 <= self._clock.now() - kept[0] < self._ttl:
            del self._kept[key]
            return None
        self._kept.move_to_end(key)
        return kept[1]

    def ask(self) -> Question:
        """Return the mark of a question that is put to the database now."""
        return Question(self._clock.now(), self._forgotten)

    def keep(self, key: K, value: V, question: Question) -> None:
        """Remember an answer, unless everything was forgotten since the question was put."""
        if question.forgotten != self._forgotten:
            return
        self._kept[key] = (question.at, value)
        self._kept.move_to_end(key)
        if len(self._kept) > self._size:
            self._kept.popitem(last=False)

    def forget(self) -> None:
        """Forget everything."""
        self._kept.clear()
        self._forgotten += 1
