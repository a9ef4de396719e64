"""Where links lead, and whether readers see it."""

from collections.abc import Iterable
from typing import Final

from tayori.screen.model import Reason
from tayori.screen.score.evidence import Evidence
from tayori.screen.score.model import Check, Loss, loss

_COSTS: Final = {
    Reason.SHORTENED_LINK: Check.SHORTENED_LINK,
    Reason.REDIRECTING_LINK: Check.REDIRECTING_LINK,
    Reason.DISGUISED_LINK: Check.DISGUISED_LINK,
    Reason.ADDRESS_LINK: Check.ADDRESS_LINK,
    Reason.VAGUE_LINK: Check.VAGUE_LINK,
}


def check_links(evidence: Evidence) -> Iterable[Loss]:
    """Take points for what review finds in links, each kind once, and for links without TLS."""
    found = {_COSTS[one.reason]: one for one in evidence.review.findings if one.reason in _COSTS}
    for check, finding in found.items():
        yield Loss(check, finding.fields)
    plain = [link.target for link in evidence.page.links if link.scheme == "http"]
    if plain:
        yield loss(Check.PLAIN_HTTP_LINK, link=plain[0])
