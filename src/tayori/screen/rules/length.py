"""The text shows a real business: so many characters for its kind (wire facts 4.7)."""

from collections.abc import Iterable

from tayori.screen.looked import Looked
from tayori.screen.model import Business, Finding, Reason, found

LEAST = {Business.MARKETING: 150, Business.NOTICE: 50, Business.TRIGGER: 0}
"""Characters of text without white space and variables."""


def check_length(looked: Looked) -> Iterable[Finding]:
    """Refuse less text than the kind of mail needs."""
    least = LEAST[looked.business]
    if looked.page.letters < least:
        yield found(
            Reason.TEXT_TOO_SHORT,
            letters=looked.page.letters,
            least=least,
            business=looked.business.value,
        )
