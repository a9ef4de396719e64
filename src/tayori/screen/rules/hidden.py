"""Text that nobody sees is written for filters, not for readers."""

from collections.abc import Iterable

from tayori.screen.looked import Looked
from tayori.screen.model import Finding, Reason, found

PREHEADER = 250
"""Characters that a hidden line may have, as the preview of a mail in lists does."""


def check_hidden(looked: Looked) -> Iterable[Finding]:
    """Refuse more hidden text than a preview needs; characters that fill it up do not count."""
    letters = sum(letter.isalnum() for letter in looked.page.hidden)
    if letters > PREHEADER:
        yield found(Reason.HIDDEN_TEXT, count=letters, most=PREHEADER)
