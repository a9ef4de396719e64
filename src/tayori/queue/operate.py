"""What an operator may do with a recipient in the queue (pure).

A recipient that a delivery process holds is left alone, since the receiver may be saying yes right
now; one whose lease ran out belongs to nobody and may be moved.
"""

from dataclasses import dataclass
from enum import StrEnum

from tayori.events.model import EventKind
from tayori.queue.states import FINAL, HELD_UNTIL, State, check_move
from tayori.refusal.saying import Saying

DROPPED_BY_OPERATOR = 1001
"""SendStatus of a mail that an operator dropped: ended inside the service, by no receiver."""


class Wish(StrEnum):
    """What the operator wants."""

    RETRY = "retry"
    DROP = "drop"
    HOLD = "hold"
    RELEASE = "release"


EVENTS = {
    Wish.RETRY: EventKind.RETRIED,
    Wish.DROP: EventKind.DROPPED,
    Wish.HOLD: EventKind.HELD,
    Wish.RELEASE: EventKind.RELEASED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A recipient as operators see it, of whichever account.

    `due_at` is when the next attempt is due (or the lease ends), None once it has ended.
    """

    recipient_id: int
    message_number: int
    message_id: str
    account_id: int
    address: str
    state: State
    attempts: int
    due_at: int | None
    accepted_at: int
    expires_at: int
    ended_at: int | None
    reply: Saying
    wait_cause: Saying | None = None
    wait_since: int | None = None
    """Why, and since when, it waits unattempted."""


@dataclass(frozen=True, slots=True)
class Move:
    """The recipient's state and the time of its next attempt afterwards; None: it ended."""

    state: State
    due_at: int | None


def decide(entry: Entry, wish: Wish, now: int) -> Move | str:
    """Return the move that fulfils the wish, or the sentence that says why there is none."""
    held = entry.state is State.HELD
    if entry.state in FINAL:
        return f"It has ended already: {entry.state.name.lower()}."
    if entry.state is State.SENDING and (entry.due_at or 0) > now:
        return "A delivery process is working on it now; try again in a few minutes."
    if held is not (wish is Wish.RELEASE) and wish is not Wish.DROP:
        return _OUT_OF_PLACE[wish]
    return _move(entry, wish, now)


_OUT_OF_PLACE = {
    Wish.RETRY: "It is held; release it instead.",
    Wish.HOLD: "It is held already.",
    Wish.RELEASE: "It is not held.",
}


def _move(entry: Entry, wish: Wish, now: int) -> Move:
    if wish is Wish.DROP:
        move = Move(State.DROPPED, None)
    elif wish is Wish.HOLD:
        move = Move(State.HELD, HELD_UNTIL)
    else:
        move = Move(State.DEFERRED if entry.attempts else State.QUEUED, now)
    if move.state is not entry.state:
        check_move(entry.state, move.state)
    return move
