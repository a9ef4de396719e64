"""What a day's mails of a domain came to, in recipients, and what each event adds (pure).

A recipient counts once for a domain and day, whatever number of mails there were. What was never
tried (blacklisted, unsubscribed) does not count, and what was refused because of ourselves changes
no share: neither our addresses nor our troubles are the domain's doing.
"""

from collections.abc import Mapping
from datetime import date
from enum import IntFlag
from hashlib import blake2b
from operator import add
from typing import NamedTuple

from tayori.classify.model import About, BounceClass
from tayori.events.model import ATTEMPT, EventKind


class Fate(IntFlag):
    """What became of a recipient, of all mails of a day together; the numbers are stored."""

    SENT = 1
    """A mail was offered to the receiver."""
    DELIVERED = 2
    INVALID = 4
    """There is no such address."""
    SPAM = 8
    """The receiver took a mail, or the domain, for a source of spam."""
    REJECTED = 16
    """Refused for good: invalid, spam, and whatever else was not about ourselves."""
    DEFERRED = 32
    """The receiver asked us to slow down."""
    COMPLAINED = 64
    OPENED = 128


class Figures(NamedTuple):
    """Recipients of a day, except `mails`, which counts the mails that were offered."""

    mails: int = 0
    sent: int = 0
    delivered: int = 0
    invalid: int = 0
    spam: int = 0
    rejected: int = 0
    deferred: int = 0
    complained: int = 0
    opened: int = 0

    def plus(self, other: "Figures") -> "Figures":
        """Return the sums."""
        return Figures._make(map(add, self, other))

    def of_sent(self, name: str) -> float:
        """Return the share that a figure has of those who were sent to; 0 when nobody was."""
        return _share(getattr(self, name), self.sent)

    def of_delivered(self, name: str) -> float:
        """Return the share that a figure has of those who got a mail."""
        return _share(getattr(self, name), self.delivered)


_INVALID = frozenset(
    {
        BounceClass.UNKNOWN_USER.value,
        BounceClass.INACTIVE.value,
        BounceClass.MOVED.value,
        BounceClass.DNS.value,
    }
)
_OURS = frozenset(
    one.value
    for one in (
        *(BounceClass.NETWORK, BounceClass.TLS, BounceClass.PROTOCOL, BounceClass.SYSTEM),
        *(BounceClass.LOOP, BounceClass.EXPIRED, BounceClass.RELAY_DENIED),
        *(BounceClass.RATE_LIMITED, BounceClass.GREYLISTED),
    )
)
_SPAM = frozenset({BounceClass.CONTENT.value, BounceClass.REPUTATION.value})
_OF_DOMAIN = frozenset(one.value for one in (About.DOMAIN, About.SENDER, About.CONTENT))
_SLOW_DOWN = frozenset(
    one.value
    for one in (
        *(BounceClass.RATE_LIMITED, BounceClass.REPUTATION),
        *(BounceClass.CONTENT, BounceClass.POLICY),
    )
)


def fate(kind: EventKind, data: Mapping[str, str | int]) -> Fate:
    """Return what an event tells about its recipient; nothing for most kinds."""
    match kind:
        case EventKind.DELIVERED:
            return Fate.SENT | Fate.DELIVERED
        case EventKind.BOUNCE:
            return _rejection(str(data.get("class", "")), str(data.get("about", "")))
        case EventKind.DEFERRED:
            return _deferral(str(data.get("class", "")), str(data.get("about", "")))
        case EventKind.SPAMREPORT:
            return Fate.COMPLAINED
        # A machine that looks into every mail says nothing about its reader.
        case EventKind.OPEN | EventKind.CLICK if not data.get("machine"):
            return Fate.OPENED
        case _:
            return Fate(0)


def _deferral(bounce_class: str, about: str) -> Fate:
    if bounce_class in _SLOW_DOWN and about != About.RECIPIENT.value:
        return Fate.SENT | Fate.DEFERRED
    return Fate(0) if bounce_class in _OURS else Fate.SENT


def _rejection(bounce_class: str, about: str) -> Fate:
    if bounce_class in _OURS or about in (About.ADDRESS.value, About.CONNECTION.value):
        return Fate(0)
    rejected = Fate.SENT | Fate.REJECTED
    if bounce_class in _INVALID:
        return rejected | Fate.INVALID
    if bounce_class == BounceClass.REPUTATION.value and about not in _OF_DOMAIN:
        # Whose name is poor there is not said; it may well be that of our addresses.
        return Fate(0)
    return rejected | Fate.SPAM if bounce_class in _SPAM else rejected


def is_first_attempt(kind: EventKind, data: Mapping[str, str | int]) -> bool:
    """Tell whether an event is the end of a mail's first attempt."""
    tried = kind in (EventKind.DELIVERED, EventKind.BOUNCE, EventKind.DEFERRED)
    return tried and data.get(ATTEMPT) == 1


def added(before: Fate, now: Fate) -> Figures:
    """Return what a recipient adds to the figures whose fate becomes `now`."""
    new = now & ~before
    return Figures(**{one.name.lower(): 1 for one in Fate if one in new and one.name})


def address_number(address: str) -> int:
    """Return the number under which an address is remembered: 64 bits, signed."""
    digest = blake2b(address.lower().encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def day_number(day: str) -> int:
    """Return the ordinal number of a day "YYYY-MM-DD"."""
    return date.fromisoformat(day).toordinal()


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
