"""Style sheets outside of the mail are not loaded by mail programs (wire facts 4.7)."""

from collections.abc import Iterable

from tayori.screen.looked import Looked
from tayori.screen.model import Finding, Reason, found


def check_styles(looked: Looked) -> Iterable[Finding]:
    """Refuse style sheets that lie elsewhere."""
    for sheet in looked.page.styles[:1]:
        yield found(Reason.EXTERNAL_STYLE, link=sheet)
