"""Size: what is shown whole, and what receivers like to take."""

from collections.abc import Iterable
from typing import Final

from tayori.screen.score.evidence import Evidence
from tayori.screen.score.model import Check, Loss, loss

CLIPPED: Final = 102_400
"""Octets of HTML beyond which Gmail shows a part only."""
LARGE: Final = 1_048_576
"""Octets of a whole mail that receivers still take for a usual one."""


def check_size(evidence: Evidence) -> Iterable[Loss]:
    """Take points for HTML that is cut off, and for large mails."""
    size = len(evidence.html.encode())
    if size > CLIPPED:
        yield loss(Check.HTML_LARGE, size=size // 1024, most=CLIPPED // 1024)
    if evidence.octets > LARGE:
        yield loss(Check.MAIL_LARGE, size=evidence.octets // 1024, most=LARGE // 1024)
