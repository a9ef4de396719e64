"""Points from losses, and the sentences about them."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from tayori.refusal.table import Language, shown
from tayori.screen.reasons import named
from tayori.screen.score.checks import CHECKS
from tayori.screen.score.evidence import Evidence
from tayori.screen.score.model import BEST, Check, Loss, Score


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One loss for its reader: what was found, why it matters, how to mend it."""

    check: Check
    points: float
    finding: str
    why: str
    mend: str


@lru_cache(maxsize=1)
def table() -> Mapping[str, Any]:
    """Return the rows of `score.toml` by check."""
    text = files("tayori.screen.score").joinpath("score.toml").read_text("utf-8")
    rows: Mapping[str, Any] = tomllib.loads(text)
    return rows


def grade(evidence: Evidence) -> Score:
    """Return ten points less those that the checks take, at least none."""
    losses = [one for check in CHECKS for one in check(evidence)]
    losses.sort(key=lambda one: -cost(one.check))
    lost = sum(cost(one.check) for one in losses)
    return Score(max(0.0, round(BEST - lost, 1)), tuple(losses))


def cost(check: Check) -> float:
    """Return the points that a check takes."""
    return float(table()[check.value]["points"])


def explain(lost: Loss, language: Language = Language.EN) -> Explained:
    """Return a loss in words."""
    row = table()[lost.check.value]
    texts = row[language.value]
    fields = {
        name: named(name, value, language) or shown(value) for name, value in lost.fields.items()
    }
    return Explained(
        check=lost.check,
        points=cost(lost.check),
        finding=texts["finding"].format_map(fields),
        why=texts["why"],
        mend=texts["mend"].format_map(fields),
    )
