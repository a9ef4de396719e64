"""HTML that mail programs break, take out, or take for an attack."""

from collections.abc import Iterable
from typing import Final

from tayori.screen.model import Reason
from tayori.screen.score.evidence import Evidence
from tayori.screen.score.model import Check, Loss

_COSTS: Final = {
    Reason.BROKEN_HTML: Check.BROKEN_HTML,
    Reason.SCRIPT: Check.ACTIVE_HTML,
    Reason.FORM: Check.ACTIVE_HTML,
    Reason.ACTIVE_CONTENT: Check.ACTIVE_HTML,
    Reason.EXTERNAL_STYLE: Check.EXTERNAL_STYLE,
    Reason.EMBEDDED_DATA: Check.EMBEDDED_DATA,
    Reason.HIDDEN_TEXT: Check.HIDDEN_TEXT,
}


def check_html(evidence: Evidence) -> Iterable[Loss]:
    """Take points for what review finds in the HTML, each kind once."""
    found = {_COSTS[one.reason]: one for one in evidence.review.findings if one.reason in _COSTS}
    for check, finding in found.items():
        yield Loss(check, finding.fields)
