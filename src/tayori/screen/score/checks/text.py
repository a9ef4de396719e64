"""Text for those who read without HTML, and enough of it."""

from collections.abc import Iterable

from tayori.screen.model import Reason
from tayori.screen.score.evidence import Evidence
from tayori.screen.score.model import Check, Loss, loss


def check_text(evidence: Evidence) -> Iterable[Loss]:
    """Take points for HTML alone in a mail, and for less text than the kind of mail needs."""
    if evidence.mail is not None and evidence.html and not evidence.text.strip():
        yield loss(Check.TEXT_PART_MISSING)
    for finding in evidence.review.findings:
        if finding.reason in {Reason.TEXT_TOO_SHORT, Reason.VARIABLES_ONLY}:
            yield loss(Check.TEXT_SHORT, letters=evidence.page.letters)
