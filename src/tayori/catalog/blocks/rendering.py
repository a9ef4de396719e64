"""The HTML of a mail out of blocks: tables and inline styles, which every mail program shows."""

from functools import lru_cache
from importlib.resources import files
from typing import Final

import jinja2

from tayori.catalog.blocks.model import Design, colour_of
from tayori.catalog.blocks.writing import paragraphs, safe_address
from tayori.mail.html_text import text_from_html

_INKS: Final = "#ffffff", "#1a1a1a"
_BRIGHT: Final = 140
"""Brightness (0 to 255) of a button's colour from which its words are dark."""


def render(design: Design, lang: str = "en") -> tuple[str, str]:
    """Return HTML and plain text of a design; "" and "" for one without blocks."""
    if not design.blocks:
        return "", ""
    accent = colour_of(design.accent)
    html = _template().render(blocks=design.blocks, accent=accent, ink=_ink(accent), lang=lang)
    return html, text_from_html(html)


@lru_cache(maxsize=1)
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.globals.update(paragraphs=paragraphs, address=safe_address)
    source = files("tayori.catalog.blocks").joinpath("mail.html.j2").read_text("utf-8")
    return environment.from_string(source)


def _ink(colour: str) -> str:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    bright = (299 * red + 587 * green + 114 * blue) / 1000
    return _INKS[bright >= _BRIGHT]
