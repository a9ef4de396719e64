"""Files that a command reads, within bounds."""

import sys
from pathlib import Path

from tayori.cli.opened import CommandError


def read_file(file: Path, largest: int) -> bytes:
    """Return a file's octets, of stdin for "-"; CommandError names what is wrong with it."""
    try:
        raw = sys.stdin.buffer.read(largest + 1) if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
    if len(raw) > largest:
        raise CommandError(f"{file} is larger than {largest // 1024 // 1024} MB: no mail is.")
    if not raw.strip():
        raise CommandError(f"{file} is empty.")
    return raw
