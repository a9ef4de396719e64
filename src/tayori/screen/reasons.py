"""The sentence of each finding in every language, and findings as they are kept.

The table is complete (a test walks it). Findings are kept as JSON, so that each reader hears them
in a language of their own.
"""

import tomllib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

import msgspec

from tayori.refusal.table import Language, shown
from tayori.screen.model import Finding, Reason, Severity

_NAMED: Final = {"topic": "topics", "business": "businesses", "usual": "businesses"}


class _Kept(msgspec.Struct, array_like=True):
    reason: str
    fields: dict[str, str]
    severity: str


@lru_cache(maxsize=1)
def reasons() -> Mapping[str, Any]:
    """Return the table as it is shipped."""
    return tomllib.loads(files("tayori.screen").joinpath("reasons.toml").read_text("utf-8"))


def sentence(finding: Finding, language: Language = Language.EN) -> str:
    """Return what the finding says to the writer of the content."""
    fields = {
        name: named(name, value, language) or shown(value) for name, value in finding.fields.items()
    }
    texts = reasons()["reasons"][finding.reason.value]
    filled: str = texts[language.value].format_map(fields)
    return filled


def named(field: str, value: str, language: Language) -> str:
    """Return what a topic or business is called, "" for other fields and an operator's topics."""
    names = reasons()[_NAMED[field]].get(value) if field in _NAMED else None
    return str(names[language.value]) if names else ""


def encode_findings(findings: Iterable[Finding]) -> str:
    """Return findings as they are kept; "" for none."""
    kept = [_Kept(one.reason.value, dict(one.fields), one.severity.value) for one in findings]
    return msgspec.json.encode(kept).decode() if kept else ""


def decode_findings(kept: str) -> tuple[Finding, ...]:
    """Return what was kept; a reason that this version does not know is left out."""
    if not kept:
        return ()
    found = msgspec.json.decode(kept, type=list[_Kept])
    return tuple(
        Finding(Reason(one.reason), one.fields, Severity(one.severity))
        for one in found
        if one.reason in set(Reason)
    )
