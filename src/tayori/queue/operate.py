"""What an operator may do with a recipient in the queue (pure).

A recipient that a delivery process holds is left alone, since the receiver may be saying yes right
now; one whose lease ran out belongs to nobody and may be moved.
"""

from dataclasses import dataclass
from enum import StrEnum

from tayori.events.model import EventKind
from tayori.queue.states import FINAL, HELD_UNTIL, State, check_move

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
class Standing:
    """How a recipient stands; `due_at` is None when it is final."""

    state: State
    due_at: int | None
    attempts: int


@dataclass(frozen=True, slots=True)
class Move:
    """The recipient's state and the time of its next attempt afterwards; None: it ended."""

    state: State
    due_at: int | None


def decide(standing: Standing, wish: Wish, now: int) -> Move | str:
    """Return the move that fulfils the wish, or the sentence that says why there is none."""
    if standing.state in FINAL:
        return f"It has ended already: {standing.state.name.lower()}."
    if _leased(standing, now):
        return "A delivery process is working on it now; try again in a few minutes."
    if wish is Wish.DROP:
        return _to(standing, State.DROPPED, None)
    if wish is Wish.HOLD:
        if standing.state is State.HELD:
            return "It is held already."
        return _to(standing, State.HELD, HELD_UNTIL)
    if wish is Wish.RELEASE and standing.state is not State.HELD:
        return "It is not held."
    if wish is Wish.RETRY and standing.state is State.HELD:
        return "It is held; release it instead."
    return _to(standing, State.DEFERRED if standing.attempts else State.QUEUED, now)


def _leased(standing: Standing, now: int) -> bool:
    return standing.state is State.SENDING and (standing.due_at or 0) > now


def _to(standing: Standing, state: State, due_at: int | None) -> Move:
    if state is not standing.state:
        check_move(standing.state, state)
    return Move(state, due_at)
