"""Lists of receivers as values. Times are milliseconds since the Unix epoch."""

from dataclasses import dataclass
from enum import IntEnum

from tayori.refusal.saying import NOTHING, Saying


class ListStatus(IntEnum):
    """How far a list is, as the API tells it."""

    EMPTY = 1
    UPLOADING = 2
    UPLOADED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverList:
    """A list; `variables` are the names that every receiver's data has, None before the first."""

    id: int
    name: str
    description: str
    status: ListStatus
    total: int
    invalid: int
    variables: tuple[str, ...] | None
    created_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """One address of a list; `data` is the JSON object as it was given, "" for none."""

    id: int
    address: str
    data: str
    valid: bool
    reason: Saying
    created_at: int


@dataclass(frozen=True, slots=True)
class Row:
    """A line of an upload that is to be stored."""

    address: str
    data: str
    reason: Saying = NOTHING

    @property
    def valid(self) -> bool:
        """Tell whether mail can be sent to it."""
        return not self.reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """What came of an upload; each line is counted once, under the first that applies."""

    total: int
    valid: int
    too_long: int
    empty: int
    repeated: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What to look for in a list; `valid` None for both kinds, [first_at, end_at) the upload."""

    text: str = ""
    first_at: int = 0
    end_at: int = 2**62
    valid: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverPage:
    """A page of a list, and how many match in all."""

    receivers: tuple[Receiver, ...]
    valid: int
    invalid: int
