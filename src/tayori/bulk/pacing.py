"""How much of a task the next step may take (pure): its share of what its domain may send now."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from tayori.bulk.model import Cause, TaskStatus
from tayori.reputation.room import Bound, Room
from tayori.runtime.clock import SECOND

STEP: Final = 200
"""Receivers of one step: their mails are one transaction, which others must not wait for long."""
TURN_MS: Final = SECOND
"""Rest of a task that is ahead of the others of its domain."""


class Rival(NamedTuple):
    """Another task of the same domain that could go on now, and its mails of the day."""

    day_sent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """So many receivers, or how long the task waits, and as what."""

    amount: int = 0
    until: int = 0
    status: TaskStatus = TaskStatus.SENDING
    cause: Cause = Cause.NONE


def grant(room: Room, day_sent: int, rivals: Sequence[Rival], now: int) -> Grant:
    """Return what a task with `day_sent` mails today may take.

    While there is a limit, tasks that could all go on end the day with equal numbers: each is given
    what is missing to its part of what was sent and may still be sent.
    """
    if room.amount <= 0:
        if room.bound is Bound.DOMAIN_HOUR:
            return Grant(until=room.again_at)
        return Grant(until=room.again_at, status=TaskStatus.PAUSED, cause=Cause.QUOTA)
    if room.bound is Bound.NONE:
        return Grant(amount=STEP)
    whole = room.amount + day_sent + sum(rival.day_sent for rival in rivals)
    share = math.ceil(whole / (len(rivals) + 1)) - day_sent
    if share <= 0:
        return Grant(until=now + TURN_MS)
    return Grant(amount=min(STEP, share, room.amount))
