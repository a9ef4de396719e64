"""Bring the catalogues of sayings up to date with the sources: part of `make catalogues`.

A saying belongs to the room, a folder of `src/tayori`, whose sources say it first. Sayings that are
new get an empty translation, which the repository's tests do not let pass; what nobody says any
more is taken out. Rooms that speak to operators and to SMTP clients only stay English.
"""

import ast
import string
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from tools.console_catalogues import LOCALES, written

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ROOT / "src/tayori"
FOLDER = SOURCES / "refusal/locale"
ENGLISH = ("cli", "sandbox", "edge/submission", "edge/mx")
"""What stays English: commands, the sandbox, and doors that answer by SMTP replies."""


@dataclass(frozen=True)
class Said:
    """One call of `say`; `template` is None where it is no literal."""

    place: str
    room: str
    template: str | None
    values: frozenset[str]


def said() -> list[Said]:
    """Return every call of `say` in the sources, in the order of rooms and files."""
    return [
        Said(
            f"{file.relative_to(ROOT)}:{call.lineno}",
            file.relative_to(SOURCES).parts[0],
            _literal(call),
            frozenset(keyword.arg or "**" for keyword in call.keywords),
        )
        for file in sorted(SOURCES.rglob("*.py"))
        for call in _calls(file, "say")
    ]


def templates() -> dict[str, list[str]]:
    """Return the templates that need translations, by room; each stands in one room."""
    found: dict[str, list[str]] = {}
    seen: set[str] = set()
    for one in said():
        english = one.place.removeprefix("src/tayori/").startswith(ENGLISH)
        if english or one.template is None or one.template in seen or not words(one.template):
            continue
        seen.add(one.template)
        found.setdefault(one.room, []).append(one.template)
    return found


def words(template: str) -> str:
    """Return what of a template stands outside its holes, letters alone."""
    parts = [text for text, _, _, _ in string.Formatter().parse(template)]
    return "".join(char for char in "".join(parts) if char.isalpha())


def catalogue(language: str, room: str) -> Catalog:
    """Return the catalogue in the repository, an empty one when there is none."""
    file = FOLDER / language / f"{room}.po"
    if not file.exists():
        return Catalog(locale=LOCALES[language])
    with file.open("rb") as opened:
        return read_po(opened, locale=LOCALES[language])


def main() -> None:
    """Update the catalogues of all rooms."""
    wanted = templates()
    for language in LOCALES:
        # A saying that moved to another room keeps its translation.
        known = {
            str(message.id): message.string
            for file in sorted((FOLDER / language).glob("*.po"))
            for message in catalogue(language, file.stem)
            if message.id and not message.fuzzy
        }
        for file in (FOLDER / language).glob("*.po"):
            if file.stem not in wanted:
                file.unlink()
        for room, found in wanted.items():
            merged = Catalog(locale=LOCALES[language])
            for template in found:
                merged.add(template, known.get(template, ""))
            file = FOLDER / language / f"{room}.po"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(written(merged), "utf-8")


def _calls(file: Path, name: str) -> Iterator[ast.Call]:
    text = file.read_text("utf-8")
    if f"{name}(" not in text:
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == name:
            yield node


def _literal(call: ast.Call) -> str | None:
    first = call.args[0] if len(call.args) == 1 else None
    constant = isinstance(first, ast.Constant) and isinstance(first.value, str)
    return str(first.value) if constant else None


if __name__ == "__main__":
    main()
