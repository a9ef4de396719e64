"""Images carry no mail by themselves: many readers never load them."""

from collections.abc import Iterable

from tayori.screen.looked import Looked
from tayori.screen.model import Finding, Reason, found

MOST = 50
_LEAST_TEXT = 20
"""Characters without which images alone say what the mail is about."""


def check_images(looked: Looked) -> Iterable[Finding]:
    """Refuse too many images, and images without text."""
    count = len(looked.page.images)
    if count > MOST:
        yield found(Reason.TOO_MANY_IMAGES, count=count, most=MOST)
    if count and looked.page.letters < _LEAST_TEXT:
        yield found(Reason.IMAGES_ONLY, count=count)
