"""Every page and action of the console, with values for the holes of their paths."""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote

from tayori.edge.console.access import Page, Right
from tayori.edge.console.pages.areas import AREAS

_HOLE = re.compile(r"\{(\w+)(?::\w+)?\}")
UNKNOWN = "1"
"""What stands in a hole that nobody named; a page says 404 then, after it has looked."""


def every_page() -> list[Page]:
    """Return all pages and actions, in the order of areas."""
    return [page for routes in AREAS for page in routes()]


def path_of(page: Page, holes: Mapping[str, str]) -> str:
    """Return a path of the page, its holes filled by their names."""
    return _HOLE.sub(lambda hole: quote(holes.get(hole[1], UNKNOWN), safe=""), page.path)


def pages(method: str, *rights: Right) -> Iterator[Page]:
    """Yield those of a method, with one of these rights if any are named."""
    for page in every_page():
        if page.method == method and (not rights or page.right in rights):
            yield page
