"""No mail program runs scripts, and filters take them for an attack."""

from collections.abc import Iterable

from tayori.screen.looked import Looked
from tayori.screen.model import Finding, Reason, found


def check_scripts(looked: Looked) -> Iterable[Finding]:
    """Refuse scripts and links that are scripts."""
    if looked.page.scripts:
        yield found(Reason.SCRIPT, count=looked.page.scripts)
