"""Mail that came in and waits to be understood, as values. Times are milliseconds."""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from tayori.runtime.clock import MINUTE, SECOND

LEASE_MS: Final = 2 * MINUTE
MOST_ATTEMPTS: Final = 5
DELAYS: Final = (5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE)
"""Waits after a fault of ours, by the number of attempts before."""


class SpoolState(IntEnum):
    """Where a mail stands; the numbers are stored."""

    WAITING = 0
    DONE = 1
    KEPT = 2
    """Somebody should look at it; its content stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMail:
    """A mail as the listener took it; `mail_from` "" is the null sender."""

    received_at: int
    client: str
    helo: str
    tls: str
    mail_from: str
    recipients: tuple[str, ...]
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpooledMail(NewMail):
    """A mail under its number, leased to be understood."""

    id: int
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Disposition:
    """What became of a mail: done with, or kept aside, with a sentence."""

    kind: str
    note: str
    keep: bool = False
    header_from: str = ""
    subject: str = ""
    authentication: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A mail as an operator sees it in the list."""

    id: int
    received_at: int
    client: str
    mail_from: str
    recipients: tuple[str, ...]
    size: int
    state: SpoolState
    attempts: int
    kind: str
    note: str
    header_from: str
    subject: str
    authentication: str
    helo: str = ""
    tls: str = ""
    content: bytes | None = field(default=None, repr=False)
