"""How a new source grows: caps of a day and an hour per step, and when it takes the next (pure).

Growth follows use: a step further only after a day that used enough of its cap without being
refused for reputation. Times are milliseconds since the epoch.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from tayori.config.rules import RuleFile, RuleFileError
from tayori.runtime.clock import DAY, HOUR

WARMUP_RULES = "warmup.toml"


class Curve(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The caps at one provider; `hour_share` is the part of a day's cap that an hour may have."""

    first_day: int
    growth: float
    steps: int
    hour_share: float

    def day_cap(self, step: int) -> int:
        """Return the most mails of a day."""
        return int(self.first_day * self.growth ** (step - 1))

    def hour_cap(self, step: int) -> int:
        """Return the most mails of a clock hour, at least one."""
        return max(1, math.ceil(self.day_cap(step) * self.hour_share))

    def is_warm(self, step: int) -> bool:
        """Tell whether the step is beyond the last one that has caps."""
        return step > self.steps


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rules of warming up; see rules/warmup.toml."""

    idle_days: int
    grow_above: float
    hold_above: float
    default: Curve
    provider: Mapping[str, Curve]

    def curve(self, provider: str) -> Curve:
        """Return the caps at a provider."""
        return self.provider.get(provider, self.default)

    def counted_as(self, provider: str) -> str:
        """Return the name under which mails to a provider are counted; "" is all others."""
        return provider if provider in self.provider else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a source has come at a provider."""

    step: int
    day_ends_at: int
    day_used: int = 0
    hour_ends_at: int = 0
    hour_used: int = 0
    refused: int = 0
    used_at: int = 0

    def left(self, curve: Curve) -> int:
        """Return how many mails may still go in this hour."""
        of_day = curve.day_cap(self.step) - self.day_used
        return max(0, min(of_day, curve.hour_cap(self.step) - self.hour_used))

    def again_at(self, curve: Curve) -> int:
        """Return when there may be more, once nothing is left."""
        full = self.day_used >= curve.day_cap(self.step)
        return self.day_ends_at if full else self.hour_ends_at

    def counting(self, amount: int, refused: int, now: int) -> "Progress":
        """Return the progress with so many mails, and refused ones, more."""
        return replace(
            self,
            day_used=self.day_used + amount,
            hour_used=self.hour_used + amount,
            refused=self.refused + refused,
            used_at=now if amount else self.used_at,
        )


def advanced(
    before: Progress | None, table: Table, curve: Curve, now: int, day_ends_at: int
) -> Progress:
    """Return the progress as it stands now: the same, or that of a new hour or day."""
    hour_ends_at = min(now - now % HOUR + HOUR, day_ends_at)
    if before is None or now - before.used_at >= table.idle_days * DAY:
        # Nobody remembers an address that was silent for so long, not even for good.
        return Progress(step=1, day_ends_at=day_ends_at, hour_ends_at=hour_ends_at, used_at=now)
    if before.day_ends_at <= now:
        step = before.step + grows(before, table, curve)
        return Progress(
            step=step, day_ends_at=day_ends_at, hour_ends_at=hour_ends_at, used_at=before.used_at
        )
    if before.hour_ends_at <= now:
        return replace(before, hour_ends_at=hour_ends_at, hour_used=0)
    return before


def grows(day: Progress, table: Table, curve: Curve) -> bool:
    """Tell whether the day after this one is a step further."""
    if curve.is_warm(day.step):
        return False
    used = day.day_used > curve.day_cap(day.step) * table.grow_above
    return used and day.refused <= day.day_used * table.hold_above


def read_table(file: RuleFile) -> Table:
    """Return the table with the operator's values laid over the shipped ones; RuleFileError."""
    shipped, own = file.read()
    default = {**_table(shipped, "default"), **_table(own, "default")}
    ours, theirs = _table(shipped, "provider"), _table(own, "provider")
    providers = {
        name: {**default, **_table(ours, name), **_table(theirs, name)}
        for name in {**ours, **theirs}
    }
    merged = {**shipped, **own, "default": default, "provider": providers}
    try:
        table = msgspec.convert(merged, Table)
    except msgspec.ValidationError as error:
        raise RuleFileError(f"The rules {WARMUP_RULES} cannot be used: {error}.") from error
    for name, curve in {"default": table.default, **table.provider}.items():
        _check(name, curve)
    return table


def _check(name: str, curve: Curve) -> None:
    wrong = (
        "first_day must be at least 1"
        if curve.first_day < 1
        else "growth must be between 1 and 2"
        if not 1 < curve.growth <= 2  # noqa: PLR2004 - the sentence says it
        else "steps must be between 1 and 90"
        if not 1 <= curve.steps <= 90  # noqa: PLR2004 - the sentence says it
        else "hour_share must be above 0 and at most 1"
        if not 0 < curve.hour_share <= 1
        else ""
    )
    if wrong:
        raise RuleFileError(f"The rules {WARMUP_RULES} cannot be used: in {name}, {wrong}.")


def _table(rules: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = rules.get(name, {})
    if not isinstance(value, dict):
        raise RuleFileError(f"The rules {WARMUP_RULES} cannot be used: {name} must be a table.")
    return value
