"""What the engines say, where some are connected."""

from collections.abc import Iterable

from tayori.screen.scanners.model import Infected, Spam
from tayori.screen.score.evidence import Evidence
from tayori.screen.score.model import Check, Loss, loss


def check_verdict(evidence: Evidence) -> Iterable[Loss]:
    """Take points for malware and spam; an engine that cannot tell costs nothing."""
    said = evidence.verdict
    if isinstance(said, Infected):
        yield loss(Check.MALWARE, name=said.name)
    elif isinstance(said, Spam):
        yield loss(
            Check.CALLED_SPAM,
            score=f"{said.score:.1f}",
            limit=f"{said.limit:.1f}",
            tests=", ".join(said.tests) or "-",
        )
