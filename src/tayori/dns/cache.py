"""A bounded store of values that die by the clock.

It never holds more than its size: the entry that was used longest ago goes first. Reading never
returns a value whose time is over.
"""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

from tayori.runtime.clock import Clock

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class ExpiringCache(Generic[K, V]):
    """Keys to values until an instant, least recently used out first."""

    def __init__(self, clock: Clock, size: int) -> None:
        self._clock = clock
        self._size = size
        self._entries: OrderedDict[K, tuple[int, V]] = OrderedDict()

    def __len__(self) -> int:
        """Return how many entries are held, dead ones included."""
        return len(self._entries)

    def get(self, key: K) -> V | None:
        """Return the living value, or None."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry[0] <= self._clock.now():
            del self._entries[key]
            return None
        self._entries.move_to_end(key)
        return entry[1]

    def put(self, key: K, value: V, lifetime_ms: int) -> None:
        """Hold the value for so many milliseconds; with 0 or less it is not held."""
        self._entries.pop(key, None)
        if lifetime_ms <= 0 or self._size <= 0:
            return
        self._entries[key] = (self._clock.now() + lifetime_ms, value)
        while len(self._entries) > self._size:
            self._entries.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
