"""`data:` addresses: large mail programs show nothing for them."""

from collections.abc import Iterable

from tayori.screen.looked import Looked
from tayori.screen.model import Finding, Reason, found


def check_data(looked: Looked) -> Iterable[Finding]:
    """Refuse images and links that are written into the HTML."""
    if looked.page.embedded:
        yield found(Reason.EMBEDDED_DATA, count=looked.page.embedded)
