"""The footer by which a reader unsubscribes, in the twelve languages of the API (spec 7).

Both forms have a hole where the link's address goes. `footers.toml` has the words.
"""

import html
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Final

RIGHT_TO_LEFT: Final = frozenset({"ar"})
LANGUAGES: Final = range(1, 13)
"""The numbers of the API; 0 is no footer."""
_STYLE: Final = "margin:24px 0 0;font-size:12px;line-height:1.5;color:#666;text-align:center"


@dataclass(frozen=True, slots=True)
class Footer:
    """What stands before and behind the address, for HTML and for text."""

    tag: str
    html: tuple[str, str]
    text: tuple[str, str]


@lru_cache(maxsize=1)
def footers() -> dict[int, Footer]:
    """Return the footers by number; KeyError when the shipped file is damaged."""
    words = tomllib.loads(files("tayori.compose").joinpath("footers.toml").read_text("utf-8"))
    return {number: _footer(words[str(number)]) for number in LANGUAGES}


def _footer(words: dict[str, str]) -> Footer:
    tag, link = words["tag"], words["link"]
    before, behind = words["before"], words["behind"]
    direction = ' dir="rtl"' if tag in RIGHT_TO_LEFT else ""
    opening = f'<div lang="{tag}"{direction} style="{_STYLE}">{html.escape(before)}<a href="'
    closing = f'" style="color:#666">{html.escape(link)}</a>{html.escape(behind)}</div>'
    return Footer(tag, (opening, closing), (f"\n\n{before}{link}{behind}\n", "\n"))
