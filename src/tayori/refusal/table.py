"""What every refusal code means and says, read from `messages.toml`.

The table is complete: each code has an entry, and each sentence exists in every language. A hole
that a refusal leaves empty is filled with words that keep the sentence whole, so saying why never
fails. The sentences may change between versions; the codes may not.
"""

import string
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal
from tayori.refusal.saying import Saying, together
from tayori.refusal.telling import tell

MAX_FIELD: Final = 200
"""Characters of a field that are shown; the rest of a stranger's long text helps nobody."""


class Language(StrEnum):
    """A language in which sentences exist."""

    EN = "en"
    ZH = "zh"
    JA = "ja"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One code's row: `smtp_code` is such as 550, `enhanced` such as "5.7.1" (RFC 3463)."""

    code: Code
    meaning: str
    temporary: bool
    smtp_code: int
    enhanced: str
    sentences: Mapping[Language, str]


@dataclass(frozen=True, slots=True)
class Table:
    """All rows, and what stands in a hole that is not filled."""

    entries: Mapping[Code, Entry]
    holes: Mapping[str, Mapping[Language, str]]


@lru_cache(maxsize=1)
def table() -> Table:
    """Return the table; KeyError or ValueError when the shipped file is damaged."""
    text = files("tayori.refusal").joinpath("messages.toml").read_text("utf-8")
    raw = tomllib.loads(text)
    return Table(
        entries={code: _entry(code, raw["codes"][code.value]) for code in Code},
        holes={name: _languages(texts) for name, texts in raw["holes"].items()},
    )


def entry(code: Code) -> Entry:
    """Return the code's row."""
    return table().entries[code]


def message(refusal: Refusal, language: Language = Language.EN) -> str:
    """Return what the refusal says to people: the code's sentence, then the detail of this case."""
    known = table()
    fields = {name: texts[language] for name, texts in known.holes.items()}
    fields.update((name, shown(value)) for name, value in refusal.fields.items())
    sentence = known.entries[refusal.code].sentences[language].format_map(fields)
    detail = tell(refusal.saying, language.value)
    return f"{sentence} {detail}" if detail else sentence


def whole(refusal: Refusal) -> Saying:
    """Return all that the refusal says as one saying, to be kept and told later."""
    known = table()
    sentence = known.entries[refusal.code].sentences[Language.EN]
    fields: dict[str, Saying | str] = {
        name: Saying(known.holes[name][Language.EN]) for name in holes_of(sentence)
    }
    fields |= {name: shown(value) for name, value in refusal.fields.items()}
    # With a value the sentence counts as one with holes, whose doubled braces are braces.
    return together(
        [Saying(sentence, (("code", refusal.code.value), *fields.items())), refusal.saying]
    )


@lru_cache(maxsize=256)
def language_of(tag: str) -> Language:
    """Return the language for a tag such as zh-CN, en-US, ja-JP or ja; English for all others."""
    primary = tag.strip().replace("_", "-").partition("-")[0].lower()
    return Language(primary) if primary in tuple(Language) else Language.EN


def holes_of(sentence: str) -> frozenset[str]:
    """Return the names of the holes in a sentence."""
    return frozenset(name for _, name, _, _ in string.Formatter().parse(sentence) if name)


def shown(text: str) -> str:
    """Return a stranger's text as it may stand in a sentence: one line, printable, bounded."""
    cut = text if len(text) <= MAX_FIELD else text[: MAX_FIELD - 1] + "…"
    return cut if cut.isprintable() else "".join(c if c.isprintable() else "�" for c in cut)


def _entry(code: Code, raw: Mapping[str, Any]) -> Entry:
    reply, _, enhanced = str(raw["smtp"]).partition(" ")
    return Entry(
        code=code,
        meaning=raw["meaning"],
        temporary=raw["temporary"],
        smtp_code=int(reply),
        enhanced=enhanced,
        sentences=_languages(raw),
    )


def _languages(raw: Mapping[str, str]) -> Mapping[Language, str]:
    return {language: raw[language.value] for language in Language}
