"""What is found in mails and counts against their accounts, with the limits of the settings."""

from tayori.app.parts import Parts
from tayori.screen.find_store import FindStore
from tayori.screen.finds import FindKind, Finds


def finds(parts: Parts) -> Finds:
    """Return what notes finds and suspends accounts."""
    limits = {
        FindKind.SPAM: parts.settings.scan.spam_suspend_after,
        FindKind.DECEIT: parts.settings.screening.suspend_after,
    }
    return Finds(FindStore(parts.database), parts.accounts, parts.clock, limits)
