"""How many connections each client has, counted over all processes of the doors on this machine.

Each process writes a small file of its own, and all of them map all files into memory, so nobody
waits for anybody. A file is held by a lock that ends with its process; what a process that died had
counted is cleared when another one starts, which the supervisor sees to at once.
"""

import fcntl
import hashlib
import mmap
import os
from pathlib import Path
from typing import Final

from tayori.config.tree import Settings
from tayori.runtime.secrets import SecretBox

SLOTS: Final = 16_384
"""Counts in a file. Clients that meet in one slot count as one; the key keeps strangers from
finding out who would."""
SPARE: Final = 4
"""Files beyond the number of processes, for those of a server before that still say goodbye."""
_WIDTH: Final = 2
_OCTETS: Final = SLOTS * _WIDTH


class ConnectionCounts:
    """Counts the connections of clients; `processes` is how many count at a time.

    `path` is where the files lie, each with a number behind it; `key` is 16 to 64 secret octets,
    the same in all processes. Raises OSError where a file cannot be made, and when all are held.
    """

    def __init__(self, path: Path, processes: int, key: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._key = key
        self._lock = -1
        self._own = memoryview(bytearray(_OCTETS)).cast("H")
        self._all: list[memoryview] = []
        for number in range(1, processes + SPARE + 1):
            self._add(path.with_name(f"{path.name}-{number}"))
        if self._lock < 0:
            raise OSError(f"All files of {path} are held by other processes.")

    @classmethod
    def of(cls, settings: Settings, role: str, box: SecretBox) -> "ConnectionCounts":
        """Return the counts of the listeners of a role, in the data directory."""
        path = Path(settings.data_dir) / "run" / "connections" / role
        return cls(path, settings.doors.processes, box.derive("counts of connections"))

    def enter(self, client: str) -> int:
        """Count a connection in; return how many the client has now."""
        slot = self._slot(client)
        self._own[slot] += 1
        return sum(counts[slot] for counts in self._all)

    def leave(self, client: str) -> None:
        """Count a connection out."""
        self._own[self._slot(client)] -= 1

    def close(self) -> None:
        """Let go of the file; nothing is counted any more."""
        _let_go(self._lock)

    def _add(self, path: Path) -> None:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.ftruncate(file, _OCTETS)
        counts = memoryview(mmap.mmap(file, _OCTETS)).cast("H")
        self._all.append(counts)
        if not _hold(file):
            os.close(file)
            return
        counts[:] = memoryview(bytes(_OCTETS)).cast("H")
        if self._lock < 0:
            self._lock, self._own = file, counts
        else:
            _let_go(file)

    def _slot(self, client: str) -> int:
        digest = hashlib.blake2b(client.encode(), digest_size=4, key=self._key).digest()
        return int.from_bytes(digest, "big") % SLOTS


def _hold(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _let_go(file: int) -> None:
    # The mapping has a copy of the descriptor, with which the lock would stay.
    fcntl.flock(file, fcntl.LOCK_UN)
    os.close(file)
