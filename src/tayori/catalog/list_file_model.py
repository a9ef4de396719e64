"""Files for receiver lists as values. Times are milliseconds since the Unix epoch."""

from dataclasses import dataclass
from enum import IntEnum

from tayori.catalog.file_rows import Bad
from tayori.catalog.list_file import Encoding, Mapping
from tayori.catalog.receiver_model import Row


class FileStatus(IntEnum):
    """How far a file is."""

    COMING = 1
    """Its octets are on their way; nobody sees it."""
    ASKED = 2
    """It waits for somebody to say what its columns are."""
    READING = 3
    """Its rows become receivers."""
    DONE = 4
    """Every row was read; what was wrong with some is kept for a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFile:
    """A file; `done` of its `size` octets are read, up to `line`.

    Receivers behind number `first_id` came with it. `faults` rows gave no receiver.
    """

    id: int
    account_id: int
    list_id: int
    name: str
    status: FileStatus
    encoding: Encoding
    size: int
    mapping: Mapping | None
    first_id: int
    done: int
    line: int
    added: int
    faults: int
    created_at: int
    ended_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What was read of a file since the step before: rows with their lines, and rows that are none.

    `line` and `done` are where it ends; nothing of it was looked up in the list yet.
    """

    rows: tuple[tuple[int, Row], ...]
    faults: tuple[Bad, ...]
    line: int
    done: int
