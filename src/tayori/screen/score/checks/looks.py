"""Fonts and colours: a mail that looks like a poster is taken for one."""

import re
from collections.abc import Iterable
from typing import Final

from tayori.screen.score.evidence import Evidence
from tayori.screen.score.model import Check, Loss, loss

FONTS: Final = 3
COLOURS: Final = 8
SMALLEST_PX: Final = 9.0
_FONT: Final = re.compile(
    r"font-family\s*:\s*([^;\"}]+)|<font[^>]*\sface\s*=\s*[\"']?([^\"'>]+)", re.IGNORECASE
)
_COLOUR: Final = re.compile(
    r"(?<![-\w])color\s*[:=]\s*[\"']?\s*(#[0-9a-f]{3,8}|rgba?\([^)]*\)|[a-z]+)", re.IGNORECASE
)
_SIZE: Final = re.compile(r"font-size\s*:\s*(\d+(?:\.\d+)?)(px|pt)", re.IGNORECASE)
_PX_PER_PT: Final = 4 / 3


def check_looks(evidence: Evidence) -> Iterable[Loss]:
    """Count families of fonts, colours of text, and find text too small to read."""
    families = {
        (match[1] or match[2]).split(",")[0].strip(" '\"").lower()
        for match in _FONT.finditer(evidence.html)
    }
    if len(families) > FONTS:
        yield loss(Check.MANY_FONTS, count=len(families), most=FONTS)
    colours = {match[1].lower() for match in _COLOUR.finditer(evidence.html)}
    if len(colours) > COLOURS:
        yield loss(Check.MANY_COLOURS, count=len(colours), most=COLOURS)
    sizes = [
        float(match[1]) * (_PX_PER_PT if match[2].lower() == "pt" else 1)
        for match in _SIZE.finditer(evidence.html)
    ]
    # Nothing at all and one pixel hide a line from the reader; other rules look at that.
    tiny = [size for size in sizes if 1 < size < SMALLEST_PX]
    if tiny:
        yield loss(Check.TINY_TEXT, size=f"{min(tiny):g}")
