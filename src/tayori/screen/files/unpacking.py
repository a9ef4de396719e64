"""What an archive holds, unpacked within limits (pure but for time; no file is written).

Of a member only so much is unpacked as is needed to tell its kind, and all of it when something may
be inside of it. A `Budget` counts over all archives of a file, however they are nested.
"""

import bz2
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tayori.screen.files.kinds import HEAD, Kind
from tayori.screen.files.tar import tar_members

DEEPEST: Final = 4
"""Archives within archives."""
MOST_MEMBERS: Final = 5_000
MOST_UNPACKED: Final = 64 * 1024 * 1024
"""Octets that are unpacked to look into a file."""
MOST_DECLARED: Final = 512 * 1024 * 1024
"""Octets that a zip archive may say it unpacks to."""
_RATIO: Final = 400
_RATIO_FROM: Final = 8 * 1024 * 1024
"""A member that grows more than so many times to more than so many octets is made to harm."""
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""Of the others the standard library cannot unpack a part alone."""
_ENCRYPTED: Final = 0x1
_ENTRY_MARK: Final = b"PK\x01\x02"
_XZ_MEMORY: Final = 64 * 1024 * 1024


class ClosedError(Exception):
    """The archive cannot be looked into: it is encrypted, damaged, or of an unknown method."""


class ExceededError(Exception):
    """It holds more than is looked through, or is made to grow without end."""


@dataclass(slots=True)
class Budget:
    """What may still be spent on one file."""

    members: int = MOST_MEMBERS
    octets: int = MOST_UNPACKED

    def take(self, octets: int) -> None:
        """Count octets that were unpacked; ExceededError."""
        self.octets -= octets
        if self.octets < 0:
            raise ExceededError

    def count(self) -> None:
        """Count a member; ExceededError."""
        self.members -= 1
        if self.members < 0:
            raise ExceededError


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive: its name and content, or its first octets when it is not `whole`."""

    name: str
    content: bytes
    whole: bool = True
    number: int = 0
    locked: bool = False
    """It is encrypted, so only its name is known."""


class ZipArchive:
    """A zip archive in memory; ClosedError when it cannot be read."""

    def __init__(self, content: bytes, budget: Budget) -> None:
        if content.count(_ENTRY_MARK) > budget.members:
            # Before the list is made, which takes time for each entry.
            raise ExceededError
        self._budget = budget
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, EOFError) as error:
            raise ClosedError from error
        self._entries = [one for one in self._zip.infolist() if not one.filename.endswith("/")]
        declared = sum(one.file_size for one in self._entries)
        grows = any(
            one.file_size > _RATIO_FROM and one.file_size > _RATIO * max(1, one.compress_size)
            for one in self._entries
        )
        if declared > MOST_DECLARED or grows:
            raise ExceededError

    @property
    def names(self) -> list[str]:
        """Return the names of its files."""
        return [one.filename for one in self._entries]

    def part(self, name: str, most: int) -> bytes:
        """Return the first `most` octets of a file, b"" when there is none; ClosedError."""
        found = next((one for one in self._entries if one.filename == name), None)
        return b"" if found is None else self._read(found, most)

    def read(self, number: int, most: int) -> bytes:
        """Return the first `most` octets of a member; its name may stand there twice."""
        return self._read(self._entries[number], most)

    def members(self) -> Iterator[Member]:
        """Yield the heads of its files."""
        for number, one in enumerate(self._entries):
            self._budget.count()
            if one.flag_bits & _ENCRYPTED:
                yield Member(one.filename, b"", whole=False, locked=True)
                continue
            head = self._read(one, HEAD)
            whole = one.file_size <= len(head)
            yield Member(one.filename, head, whole=whole, number=number)

    def _read(self, entry: zipfile.ZipInfo, most: int) -> bytes:
        if entry.compress_type not in _METHODS or entry.flag_bits & _ENCRYPTED:
            raise ClosedError
        try:
            with self._zip.open(entry) as file:
                content = file.read(most)
        except (
            *(zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError),
            *(NotImplementedError, RuntimeError, UnicodeError),
        ) as error:
            raise ClosedError from error
        self._budget.take(len(content))
        return content


def unpacked(content: bytes, kind: Kind, budget: Budget) -> bytes:
    """Return what a compressed file holds; ClosedError, ExceededError."""
    try:
        found = _unpacked(content, kind, min(budget.octets, MOST_UNPACKED) + 1)
    except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError) as error:
        raise ClosedError from error
    budget.take(len(found))
    return found


def _unpacked(content: bytes, kind: Kind, most: int) -> bytes:
    if kind is Kind.GZIP:
        return zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(content, most)
    if kind is Kind.BZIP2:
        return bz2.BZ2Decompressor().decompress(content, most)
    reader = lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)
    return reader.decompress(content, most)


def tar_files(content: bytes, budget: Budget) -> Iterator[Member]:
    """Yield the files of a tar archive, whole."""
    for name, body in tar_members(content, budget.count):
        yield Member(name, body)
