"""Topics that filters and this service refuse."""

from collections.abc import Iterable

from tayori.screen.model import Reason
from tayori.screen.score.evidence import Evidence
from tayori.screen.score.model import Check, Loss


def check_words(evidence: Evidence) -> Iterable[Loss]:
    """Take points for each forbidden topic."""
    for finding in evidence.review.findings:
        if finding.reason is Reason.FORBIDDEN_TOPIC:
            yield Loss(Check.FORBIDDEN_TOPIC, finding.fields)
