"""Images beside text: 80 to 20 in favour of text, up to three (spec 5)."""

from collections.abc import Iterable
from typing import Final

from selectolax.lexbor import LexborHTMLParser

from tayori.mail.html_text import nested_too_deep
from tayori.screen.model import Reason
from tayori.screen.score.evidence import Evidence
from tayori.screen.score.model import Check, Loss, loss

RECOMMENDED: Final = 3
_CHARACTERS: Final = 150
"""Characters of text that weigh as much as one image, at 80 to 20 of a usual mail's area."""


def check_images(evidence: Evidence) -> Iterable[Loss]:
    """Weigh images against text; an image of one pixel is a counter and no picture."""
    pictures, silent = _pictures(evidence.html)
    if any(finding.reason is Reason.IMAGES_ONLY for finding in evidence.review.findings):
        yield loss(Check.IMAGES_ONLY, count=pictures)
    elif pictures > RECOMMENDED and evidence.page.letters < _CHARACTERS * pictures:
        yield loss(Check.MANY_IMAGES, count=pictures, letters=evidence.page.letters)
    if silent:
        yield loss(Check.IMAGES_WITHOUT_TEXT, count=silent)


def _pictures(html: str) -> tuple[int, int]:
    """Return how many pictures there are, and how many of them say nothing in words."""
    if not html or nested_too_deep(html):
        return 0, 0
    shown = [
        node.attributes
        for node in LexborHTMLParser(html.encode("utf-8", "replace")).css("img")
        if node.attributes.get("width") not in {"0", "1"}
    ]
    return len(shown), sum("alt" not in attributes for attributes in shown)
