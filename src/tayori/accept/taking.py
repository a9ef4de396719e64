"""Commits what the door decided: messages of many callers, and refusals, in one transaction."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from tayori.db.database import Transaction
from tayori.events.model import Event, EventKind
from tayori.queue.model import NewMessage
from tayori.refusal.refusal import Refusal
from tayori.reputation.model import Claim


@dataclass(frozen=True, slots=True, kw_only=True)
class Taking:
    """A message that passed every check, and what tells the limits it counts against."""

    message: NewMessage
    claims: Callable[[NewMessage], Sequence[Claim]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusing:
    """A submission that was refused before; only the event is kept."""

    account_id: int
    at: int
    refusal: Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """How far a row of mails got: one answer each (None: taken), and what stopped the others."""

    answers: Sequence[Refusal | None]
    stop: Refusal | None


Along = Callable[[Transaction, Stretch], Awaitable[bool]]
"""Writes something into the transaction of a row of mails; False undoes the whole transaction."""


def refused_event(refusing: Refusing) -> Event:
    """Return the event that explains a refusal to the account."""
    return Event(
        at=refusing.at,
        account_id=refusing.account_id,
        kind=EventKind.REFUSED,
        data={"code": refusing.refusal.code.value, "reason": refusing.refusal.detail},
    )
