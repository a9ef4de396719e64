"""What a reaction is: where it holds, what it does, and how it fades. Pure.

A reaction holds fully until `ends_at`. Then it is released in steps: for one step each only a part
of what is usual is let through (`PARTS`), and after the last step it is gone. All of that follows
from the clock, so nothing has to be written while a reaction fades.
"""

from dataclasses import dataclass

import msgspec

from tayori.refusal.saying import NOTHING, Saying
from tayori.runtime.clock import MINUTE

PARTS = (1 / 8, 1 / 4, 1 / 2)
"""The part of the usual that each step of a release lets through."""
LONGEST_STEP_MS = 5 * MINUTE
SHORTEST_STEP_MS = MINUTE // 2
MOST_RETURNS = 3
"""A reaction whose cause returns during the release lasts twice as long; at most so many times."""


class Effect(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is done; None leaves a limit as it is. Without any of it the operator is told only."""

    pause: bool = False
    rate_factor: float | None = None
    """Part of all rates that remains."""
    mails_per_minute: float | None = None
    connections: int | None = None
    mails_per_connection: int | None = None
    stop_task: bool = False
    """The bulk task is stopped with the reason, and its mails wait until it is resumed."""

    @property
    def holds_back(self) -> bool:
        """Tell whether mails wait meanwhile."""
        return self.pause or self.stop_task

    @property
    def kind(self) -> str:
        """Return its name in metrics."""
        if self.stop_task:
            return "stop_task"
        if self.pause:
            return "pause"
        return "slow" if self != Effect() else "notice"

    def __str__(self) -> str:
        """Return it for a table."""
        parts = ["paused"] if self.pause else []
        if self.stop_task:
            parts.append("task stopped")
        if self.rate_factor is not None:
            parts.append(f"{self.rate_factor:g} of the rate")
        if self.mails_per_minute is not None:
            parts.append(f"{self.mails_per_minute:g} mails a minute")
        if self.connections is not None:
            parts.append(f"{self.connections} connections")
        if self.mails_per_connection is not None:
            parts.append(f"{self.mails_per_connection} mails a connection")
        return ", ".join(parts) or "the operator is told"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which mails are meant: those that agree with all that is not None.

    `destination` is the provider that the shaping rules name, or the site where they name none.
    """

    source: str | None = None
    destination: str | None = None
    account_id: int | None = None
    task_id: int | None = None

    @property
    def key(self) -> str:
        """Return the text that tells scopes apart."""
        parts = (self.source, self.destination, self.account_id, self.task_id)
        return "|".join("*" if part is None else f"={part}" for part in parts)

    @property
    def of_sites(self) -> bool:
        """Tell whether it means all mail on a way, whoever sends it."""
        return self.account_id is None and self.task_id is None

    def takes(self, *, source: str, destination: str) -> bool:
        """Tell whether mails that go this way can be meant."""
        return self.source in {None, source} and self.destination in {None, destination}

    def __str__(self) -> str:
        """Return it for a table."""
        parts = []
        if self.source is not None:
            parts.append(f"source {self.source or '(default)'}")
        if self.destination is not None:
            parts.append(f"to {self.destination}")
        if self.account_id is not None:
            parts.append(f"account {self.account_id}")
        if self.task_id is not None:
            parts.append(f"task {self.task_id}")
        return ", ".join(parts) or "everything"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """One that was begun; `ended_at` None while it is in force. Times are epoch milliseconds.

    `reason` is the receiver's text that caused it, or what an operator said, and `by` the rule's
    name or the operator's. `returns` counts how often its cause came back during the release.
    """

    id: int
    name: str
    scope: Scope
    effect: Effect
    reason: str
    by: str
    began_at: int
    ends_at: int
    step_ms: int
    duration_ms: int
    returns: int = 0
    ended_at: int | None = None
    ended_why: Saying = NOTHING

    @property
    def gone_at(self) -> int:
        """Return when the last step of its release is over."""
        return self.ends_at + self.step_ms * len(PARTS)

    def step(self, now: int) -> int:
        """Return 0 while it holds fully, then the number of the release's step, from 1."""
        if now < self.ends_at or not self.step_ms:
            return 0
        return min(len(PARTS), 1 + (now - self.ends_at) // self.step_ms)

    def part(self, now: int) -> float:
        """Return the part of the usual that is let through, 0 while it holds fully."""
        step = self.step(now)
        return PARTS[step - 1] if step else 0.0

    def over(self, now: int) -> bool:
        """Tell whether its time is up."""
        return now >= self.gone_at

    def next_at(self, now: int) -> int:
        """Return when more is let through than now."""
        return self.ends_at + self.step_ms * self.step(now)


def step_of(duration_ms: int) -> int:
    """Return how long a step of the release lasts after so long a reaction."""
    return min(LONGEST_STEP_MS, max(SHORTEST_STEP_MS, duration_ms // 4))


def again(reaction: Reaction, now: int) -> tuple[int, int]:
    """Return (ends_at, returns) of a reaction whose cause came again."""
    if reaction.step(now) == 0:
        return max(reaction.ends_at, now + reaction.duration_ms), reaction.returns
    returns = min(MOST_RETURNS, reaction.returns + 1)
    return now + reaction.duration_ms * 2**returns, returns
