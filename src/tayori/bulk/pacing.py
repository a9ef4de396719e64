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

    While there is a limit, tasks that could all go on end the day with equal numbers: those that
    are behind come up to the others first, and what is left then is divided.
    """
    if room.amount <= 0:
        if room.bound is Bound.DOMAIN_HOUR:
            return Grant(until=room.again_at)
        return Grant(until=room.again_at, status=TaskStatus.PAUSED, cause=Cause.QUOTA)
    if room.bound is Bound.NONE:
        return Grant(amount=STEP)
    share = _level(room.amount, [day_sent, *(rival.day_sent for rival in rivals)]) - day_sent
    if share <= 0:
        return Grant(until=now + TURN_MS)
    return Grant(amount=min(STEP, share, room.amount))


def _level(room: int, sent: Sequence[int]) -> int:
    """Return the number that the hindmost reach when the room is theirs, rounded up.

    As water finds its level over steps of different height; `sent` names at least one.
    """
    level, below = 0, 0
    for count, step in enumerate(sorted(sent), 1):
        if count > 1 and level <= step:
            break
        below += step
        level = math.ceil((room + below) / count)
    return level
