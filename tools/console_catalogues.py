"""Bring the console's catalogues up to date with the texts in its pages: `make catalogues`.

Texts that are new get an empty translation, which the repository's tests do not let pass; texts
that no page says any more are taken out. An area's texts are those of `pages/<area>.py` and
`templates/<area>/`; all others, and those that an area shares with the frame, are in `shared.po`.
"""

import io
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
CONSOLE = ROOT / "src/tayori/edge/console"
LOCALES = {"ja": "ja", "zh": "zh_Hans_CN"}
SHARED = "shared"
FRAME = {"layout.html.j2", "parts", "frame", "errors"}
"""What stands around every area's pages."""
KEYWORDS = {
    "_": None,
    "gettext": None,
    "N_": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
}
WIDTH = 100

Text = tuple[str | None, str | tuple[str, ...]]
"""A context (or None) and a text, or its singular and plural."""


def texts() -> dict[str, list[Text]]:
    """Return what each area says, in the order of its files."""
    found: dict[str, dict[Text, None]] = {}
    for file in _files():
        for text in _extracted(file):
            found.setdefault(area_of(file), {})[text] = None
    return {area: list(said) for area, said in found.items()}


def area_of(file: Path) -> str:
    """Return the area that a file belongs to."""
    place = file.relative_to(CONSOLE).parts
    if place[0] == "pages" and len(place) > 1 and place[1] not in {"areas.py", "__init__.py"}:
        return Path(place[1]).stem
    if place[0] == "templates" and place[1] not in FRAME:
        return place[1]
    return SHARED


def catalogue(language: str, area: str) -> Catalog:
    """Return the catalogue in the repository, an empty one when there is none."""
    file = CONSOLE / "locale" / language / f"{area}.po"
    if not file.exists():
        return Catalog(locale=LOCALES[language])
    with file.open("rb") as opened:
        return read_po(opened, locale=LOCALES[language])


def written(kept: Catalog) -> str:
    """Return a catalogue as it stands in its file."""
    buffer = io.BytesIO()
    write_po(buffer, kept, width=WIDTH, no_location=True, omit_header=True)
    return buffer.getvalue().decode().strip() + "\n"


def main() -> None:
    """Update the areas named as arguments, or all."""
    said = texts()
    everything = {text for found in said.values() for text in found}
    # The shared one first: what it has, no area needs again.
    areas = sorted(sys.argv[1:] or said, key=lambda area: area != SHARED)
    for language in LOCALES:
        for area in areas:
            shared = catalogue(language, SHARED)
            kept = catalogue(language, area)
            wanted = said.get(area, [])
            if area == SHARED:
                old = [key_of(message) for message in kept if message.id]
                wanted = [*wanted, *(t for t in old if t in everything and t not in wanted)]
            else:
                wanted = [text for text in wanted if _find(shared, text) is None]
            _write(language, area, _merged(kept, wanted))


def key_of(message: object) -> Text:
    """Return what a catalogue's entry translates."""
    identifier = getattr(message, "id", "")
    context = getattr(message, "context", None)
    return context, tuple(identifier) if isinstance(identifier, tuple | list) else identifier


def _merged(kept: Catalog, wanted: list[Text]) -> Catalog:
    merged = Catalog(locale=kept.locale)
    for text in wanted:
        known = _find(kept, text)
        context, identifier = text
        empty = ("",) if isinstance(identifier, tuple) else ""
        string = known.string if known is not None and not known.fuzzy else empty
        merged.add(identifier, string, context=context)
    return merged


def _find(catalog: Catalog, text: Text) -> object | None:
    context, identifier = text
    return catalog.get(identifier, context=context)


def _write(language: str, area: str, merged: Catalog) -> None:
    file = CONSOLE / "locale" / language / f"{area}.po"
    if len(merged):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(written(merged), "utf-8")
    else:
        file.unlink(missing_ok=True)


def _files() -> list[Path]:
    return [*sorted(CONSOLE.rglob("*.py")), *sorted(CONSOLE.rglob("*.j2"))]


def _extracted(file: Path) -> Iterator[Text]:
    method = "python" if file.suffix == ".py" else "jinja2.ext:babel_extract"
    options = {"trimmed": "false", "silent": "false", "extensions": "jinja2.ext.do"}
    with file.open("rb") as opened:
        found = extract(method, opened, keywords=KEYWORDS, options=options)
        for _line, message, _comments, context in found:
            yield context, message


if __name__ == "__main__":
    main()
