"""Frames, plug-ins, handlers of events and pages that reload themselves."""

from collections.abc import Iterable

from tayori.screen.looked import Looked
from tayori.screen.model import Finding, Reason, found


def check_active(looked: Looked) -> Iterable[Finding]:
    """Refuse what mail programs take out, or filters take for an attack."""
    if looked.page.active:
        yield found(Reason.ACTIVE_CONTENT, words=", ".join(looked.page.active[:5]))
