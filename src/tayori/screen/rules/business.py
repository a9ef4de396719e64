"""An account has one kind of business unless it explained another."""

from collections.abc import Iterable

from tayori.screen.looked import Looked
from tayori.screen.model import Business, Finding, Reason, Severity, found


def check_business(looked: Looked) -> Iterable[Finding]:
    """Let a person look at marketing from an account that never marketed, and the reverse."""
    if looked.usual is None:
        return
    market = Business.MARKETING
    if (looked.business is market) != (looked.usual is market):
        yield found(
            Reason.OTHER_BUSINESS,
            Severity.PERSON,
            business=looked.business.value,
            usual=looked.usual.value,
        )
