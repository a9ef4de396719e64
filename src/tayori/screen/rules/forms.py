"""Forms in mails do not work in most programs, and are what phishing is made of."""

from collections.abc import Iterable

from tayori.screen.looked import Looked
from tayori.screen.model import Finding, Reason, found


def check_forms(looked: Looked) -> Iterable[Finding]:
    """Refuse forms and their fields."""
    if looked.page.forms:
        yield found(Reason.FORM, count=looked.page.forms)
