"""HTML that mail programs break."""

from collections.abc import Iterable

from tayori.screen.looked import Looked
from tayori.screen.model import Finding, Reason, Severity, found

_MENDED = frozenset(
    {"<div>", "</div>", "<span>", "</span>", "<b>", "</b>", "<strong>", "</strong>"}
)
"""Browsers and mail programs put these right alike."""


def check_tags(looked: Looked) -> Iterable[Finding]:
    """Refuse tags that swallow what follows; mention those that are only untidy."""
    broken = looked.page.broken
    if broken:
        severity = Severity.PERSON if broken in _MENDED else Severity.REFUSE
        yield found(Reason.BROKEN_HTML, severity, words=broken)
