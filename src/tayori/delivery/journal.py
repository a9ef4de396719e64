"""What receivers said yes to and the database does not know yet, written down before it is settled.

A settlement waits for others and for the writer's lock. A process that is killed in these moments
would leave mails that were delivered and are due again. So each yes is appended to a file of the
process at once; what the system holds of a file survives the process, and another process settles
it. Nothing is forced to the disk: when the machine itself goes down, leases run out and such a mail
is delivered a second time, the one duplicate that a crash may leave (docs/states.md).
"""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from tayori.mail.outcome import Kind, Outcome, Scope, Stage
from tayori.mail.reply import Reply
from tayori.queue.model import Leased, Settlement
from tayori.queue.states import State

LARGEST = 1 << 20
"""Octets from which on a file is written anew, with what still waits."""
_NEW = ".new"
_LENGTH = 4


class Yes(msgspec.Struct, frozen=True, array_like=True):
    """One delivery; times in milliseconds since the epoch."""

    recipient_id: int
    at: int
    reply: str
    code: int
    enhanced: str
    lines: tuple[str, ...]
    stage: Stage
    peer_host: str
    peer_address: str
    tls: str
    started_at: int
    ended_at: int
    source: str
    provider: str

    def settlement(self, recipient: Leased) -> Settlement:
        """Return what the process that died would have settled; the conversation is lost."""
        return Settlement(
            recipient=recipient,
            state=State.DELIVERED,
            at=self.at,
            reply=self.reply,
            source=self.source,
            provider=self.provider,
            outcome=Outcome(
                kind=Kind.DELIVERED,
                scope=Scope.RECIPIENT,
                stage=self.stage,
                reply=Reply(self.code, self.enhanced, self.lines),
                peer_host=self.peer_host,
                peer_address=self.peer_address,
                tls=self.tls,
                started_at=self.started_at,
                ended_at=self.ended_at,
            ),
        )


class Journal:
    """The file of one process, locked as long as it lives."""

    def __init__(self, directory: Path, name: str) -> None:
        self._path = directory / name
        self._pending: dict[int, bytes] = {}
        self._size = 0
        self._file = -1

    def open(self) -> None:
        """Make the file."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._write_anew()

    def note(self, settlement: Settlement) -> None:
        """Write down a delivery; anything else is left out."""
        outcome = settlement.outcome
        if settlement.state is not State.DELIVERED or outcome is None or outcome.reply is None:
            return
        octets = _packed(settlement, outcome, outcome.reply)
        self._pending[settlement.recipient.id] = octets
        if os.write(self._file, octets) == len(octets):
            self._size += len(octets)
        else:
            # The disk is full: half of it would hide all that comes behind it.
            os.ftruncate(self._file, self._size)

    def settled(self, recipient_ids: Iterable[int]) -> None:
        """Forget what the database knows now."""
        for number in recipient_ids:
            self._pending.pop(number, None)
        if self._size and not self._pending:
            os.ftruncate(self._file, 0)
            self._size = 0
        elif self._size > LARGEST:
            self._write_anew()

    def close(self) -> None:
        """Remove the file if nothing waits; what waits is left to others."""
        if self._file < 0:
            return
        if not self._pending:
            self._path.unlink(missing_ok=True)
        os.close(self._file)
        self._file = -1

    def _write_anew(self) -> None:
        # Nobody takes the new file for that of a dead process: it has its name when it is locked.
        draft = self._path.with_name(self._path.name + _NEW)
        file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        fcntl.flock(file, fcntl.LOCK_EX)
        self._size = os.write(file, b"".join(self._pending.values()))
        draft.rename(self._path)
        if self._file >= 0:
            os.close(self._file)
        self._file = file


def abandoned(directory: Path) -> list[Path]:
    """Return the files that are there, those of living processes included."""
    if not directory.is_dir():
        return []
    return sorted(path for path in directory.iterdir() if path.suffix != _NEW)


@contextmanager
def taken_over(path: Path) -> Iterator[list[Yes] | None]:
    """Yield what a dead process left, and remove it afterwards; None while its process lives."""
    try:
        file = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        yield None
        return
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        yield list(_unpacked(path.read_bytes() if path.exists() else b""))
        path.unlink(missing_ok=True)
    finally:
        os.close(file)


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Yes)


def _packed(settlement: Settlement, outcome: Outcome, reply: Reply) -> bytes:
    octets = _encoder.encode(
        Yes(
            settlement.recipient.id,
            settlement.at,
            str(settlement.reply),
            reply.code,
            reply.enhanced,
            reply.lines,
            outcome.stage,
            outcome.peer_host,
            outcome.peer_address,
            outcome.tls,
            outcome.started_at,
            outcome.ended_at,
            settlement.source,
            settlement.provider,
        )
    )
    return len(octets).to_bytes(_LENGTH, "big") + octets


def _unpacked(octets: bytes) -> Iterator[Yes]:
    """Yield the deliveries; one that the end of a process cut short was not written down."""
    place = 0
    while place + _LENGTH <= len(octets):
        end = place + _LENGTH + int.from_bytes(octets[place : place + _LENGTH], "big")
        if end > len(octets):
            return
        try:
            yield _decoder.decode(octets[place + _LENGTH : end])
        except msgspec.DecodeError:
            return
        place = end
