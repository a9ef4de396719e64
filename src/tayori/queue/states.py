"""The states of a recipient and the moves between them.

`docs/states.md` says what a crash leaves in each of them.
"""

from enum import IntEnum


class State(IntEnum):
    """Where a recipient stands; the numbers are stored."""

    QUEUED = 0
    """Accepted and committed; no attempt has been made."""
    SENDING = 1
    """Leased by a delivery process, which may be talking to the receiver."""
    DEFERRED = 2
    """An attempt failed for now; `due_at` says when the next one is due."""
    DELIVERED = 3
    """The receiver took responsibility."""
    BOUNCED = 4
    """The receiver, or the domain name system, refused for good."""
    DROPPED = 5
    """We decided not to send, for a reason that the event names."""
    EXPIRED = 6
    """It stayed undeliverable until the end of its lifetime."""
    HELD = 7
    """An operator holds it; it waits, beyond its lifetime too, until it is released or dropped."""


FINAL = frozenset({State.DELIVERED, State.BOUNCED, State.DROPPED, State.EXPIRED})
"""States in which nothing is tried any more; content is erased with the last recipient.

Only a receiver that took the mail and reports later that it could not deliver it moves one of them:
delivered becomes bounced.
"""

MOVES: dict[State, frozenset[State]] = {
    # A receiver's report may come before its yes is settled, whatever the recipient is by then.
    State.QUEUED: frozenset(
        {
            State.SENDING,
            State.DELIVERED,
            State.BOUNCED,
            State.DROPPED,
            State.EXPIRED,
            State.HELD,
        }
    ),
    # A lease that ran out is taken over by another process, or given back untouched.
    State.SENDING: frozenset(State),
    # A process that lost its lease still knows that the receiver said yes: delivered wins.
    State.DEFERRED: frozenset(
        {
            State.SENDING,
            State.DELIVERED,
            State.BOUNCED,
            State.DROPPED,
            State.EXPIRED,
            State.HELD,
        }
    ),
    # Released, it is again what it was; a late yes from before it was held ends it.
    State.HELD: frozenset(
        {State.QUEUED, State.DEFERRED, State.DELIVERED, State.BOUNCED, State.DROPPED}
    ),
    State.DELIVERED: frozenset({State.BOUNCED}),
    State.BOUNCED: frozenset(),
    State.DROPPED: frozenset(),
    State.EXPIRED: frozenset(),
}


HELD_UNTIL = 2**62
"""`due_at` of a held recipient, in milliseconds: set, so that it counts as open, and never due."""


class IllegalMoveError(Exception):
    """A recipient cannot go from one state to the other; the caller has a fault."""


def check_move(old: State, new: State) -> None:
    """Raise IllegalMoveError unless the table allows the move."""
    if new not in MOVES[old]:
        raise IllegalMoveError(f"A recipient cannot move from {old.name} to {new.name}.")
