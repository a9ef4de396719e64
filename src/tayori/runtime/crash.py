"""Points at which a test lets a process die, to prove what a crash leaves behind.

`TAYORI_TESTING__KILL=door.after_commit:17` kills a process with SIGKILL the 17th time that it
reaches the point; only processes that do that work ever reach it. With
`TAYORI_TESTING__KILL_MARK=FILE` only the first process to get there dies: it makes the file, with
the time in milliseconds since the Unix epoch, and those that follow live. Without the first
variable a point costs one comparison. Never set either in production.
"""

import asyncio
import os
import signal
import time
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

KILL_VARIABLE = "TAYORI_TESTING__KILL"
MARK_VARIABLE = "TAYORI_TESTING__KILL_MARK"


class Point(StrEnum):
    """Where a process can be made to die."""

    DOOR_BEFORE_COMMIT = "door.before_commit"
    """A batch of messages is written and not committed."""
    DOOR_AFTER_COMMIT = "door.after_commit"
    """A batch of messages is committed and nobody was told."""
    SEQUENCE_BEFORE_COMMIT = "sequence.before_commit"
    """A block of numbers is about to be taken."""
    SEQUENCE_AFTER_COMMIT = "sequence.after_commit"
    """A block of numbers is taken and none of them used."""
    LEASE_BEFORE_COMMIT = "lease.before_commit"
    """Recipients are chosen and not yet leased."""
    LEASE_AFTER_COMMIT = "lease.after_commit"
    """Recipients are leased and nothing was attempted."""
    ATTEMPT_BEFORE_DOT = "attempt.before_dot"
    """The receiver has the envelope and not the end of the content."""
    ATTEMPT_AFTER_DOT = "attempt.after_dot"
    """The receiver has the whole mail and its reply was not read."""
    ATTEMPT_AFTER_REPLY = "attempt.after_reply"
    """The receiver's reply was read and not settled."""
    SETTLE_BEFORE_COMMIT = "settle.before_commit"
    """Outcomes are written and not committed."""
    SETTLE_AFTER_COMMIT = "settle.after_commit"
    """Outcomes are committed and nothing was done about it."""
    TASK_BEFORE_COMMIT = "task.before_commit"
    """A bulk task is written and not committed."""
    TASK_AFTER_COMMIT = "task.after_commit"
    """A bulk task is committed and nobody was told."""
    UPLOAD_BEFORE_COMMIT = "upload.before_commit"
    """A part of an upload has become receivers and is not committed."""
    UPLOAD_AFTER_COMMIT = "upload.after_commit"
    """A part of an upload is committed."""
    CALLBACKS_BEFORE_COMMIT = "callbacks.before_commit"
    """Calls are made of events and neither they nor the cursor are committed."""
    CALLBACKS_AFTER_COMMIT = "callbacks.after_commit"
    """Calls are made of events and the cursor is behind them."""
    CALLBACKS_SETTLE_BEFORE_COMMIT = "callbacks.settle.before_commit"
    """Receivers have answered calls and nothing of it is committed."""
    CALLBACKS_SETTLE_AFTER_COMMIT = "callbacks.settle.after_commit"
    """What became of calls is committed."""
    SPOOL_BEFORE_COMMIT = "spool.before_commit"
    """A batch of mails that came back is written and not committed."""
    SPOOL_AFTER_COMMIT = "spool.after_commit"
    """A batch of mails that came back is committed and nobody was told."""
    INBOUND_BEFORE_COMMIT = "inbound.before_commit"
    """What mails that came back mean is written and not committed."""
    INBOUND_AFTER_COMMIT = "inbound.after_commit"
    """What mails that came back mean is committed."""
    STATS_BEFORE_COMMIT = "stats.before_commit"
    """A batch of events is counted and neither counts nor cursor are committed."""
    STATS_AFTER_COMMIT = "stats.after_commit"
    """A batch of events is counted and the cursor behind it."""
    REPUTATION_BEFORE_COMMIT = "reputation.before_commit"
    """Figures are counted and levels decided, and nothing of it is committed."""
    REPUTATION_AFTER_COMMIT = "reputation.after_commit"
    """Figures, levels and the cursor are committed."""


class Plan:
    """The death of this process: at which point, after how many times, and the mark."""

    def __init__(self, point: Point, left: int, mark: Path | None) -> None:
        self._point = point
        self._left = left
        self._mark = mark

    def reach(self, point: Point) -> None:
        """Count, and die when it is time."""
        if point is not self._point:
            return
        self._left -= 1
        if self._left == 0 and self._is_first():
            os.kill(os.getpid(), signal.SIGKILL)

    def _is_first(self) -> bool:
        if self._mark is None:
            return True
        # The text stands in the file before it gets its name, so that nobody reads half of it.
        draft = self._mark.with_name(f"{self._mark.name}.{os.getpid()}")
        draft.write_text(str(time.time_ns() // 1_000_000))
        try:
            os.link(draft, self._mark)
        except FileExistsError:
            return False
        finally:
            draft.unlink()
        return True


def read_plan(environment: Mapping[str, str]) -> Plan | None:
    """Return what the environment asks for; ValueError when it names no point or no number."""
    text = environment.get(KILL_VARIABLE, "")
    if not text:
        return None
    point, _, count = text.partition(":")
    mark = environment.get(MARK_VARIABLE)
    return Plan(Point(point), int(count or 1), Path(mark) if mark else None)


_PLAN = read_plan(os.environ)


def reach(point: Point) -> None:
    """Tell that the process is at the point."""
    if _PLAN is not None:
        _PLAN.reach(point)


def reach_when_sent(point: Point, loop: asyncio.AbstractEventLoop) -> None:
    """Tell that the process is at the point once the loop has written what was given to it."""
    if _PLAN is not None:
        loop.call_soon(_PLAN.reach, point)
