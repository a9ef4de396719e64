"""Hashes of passwords that people choose (Argon2id, RFC 9106).

Hashing is slow on purpose and runs in a thread; at most two at a time, so that a flood of log-ins
costs a bounded share of the machine's memory and cores.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

T = TypeVar("T")


class PasswordHashes:
    """Makes and verifies hashes. The cost is that of OWASP's second choice: 19 MiB, two passes."""

    def __init__(self, *, time_cost: int = 2, memory_kib: int = 19_456, at_once: int = 2) -> None:
        self._hasher = PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=1)
        self._room = asyncio.Semaphore(at_once)
        self._nobody = ""

    async def hash(self, password: str) -> str:
        """Return a new hash with its own salt, in the PHC form."""
        return await self._in_thread(lambda: self._hasher.hash(password))

    async def verify(self, stored: str | None, password: str) -> bool:
        """Tell whether the password is the one of the hash; None costs the same and is never it."""
        if not self._nobody:
            self._nobody = await self.hash("nobody has this password")
        hashed = stored or self._nobody
        right = await self._in_thread(lambda: self._right(hashed, password))
        return right and stored is not None

    def _right(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _in_thread(self, work: Callable[[], T]) -> T:
        async with self._room:
            return await asyncio.to_thread(work)
