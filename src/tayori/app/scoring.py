"""The quality score, put together: what scores, and the addresses to which mail for it comes."""

from tayori.app.parts import Parts
from tayori.config.tree import Settings
from tayori.inbound.score_addresses import ScoreAddresses
from tayori.inbound.scoring import Scorer
from tayori.screen.review import Reviewer
from tayori.screen.scanners.scanner import Scanner
from tayori.screen.score.address_store import ScoreAddressStore


def score_domain(settings: Settings) -> str:
    """Return the domain of addresses for a score."""
    return settings.score.domain or settings.domains.mx_host or settings.service.hostname


def build_scorer(parts: Parts, scanner: Scanner | None) -> Scorer:
    """Return what scores, with the engines that are connected."""
    own = parts.settings.score
    return Scorer(
        reviewer=Reviewer(parts.data_dir, web_links=parts.settings.review.web_links),
        lookups=parts.resolver,
        scanner=scanner,
        zones=own.dnsbl_zones,
        at_once=own.at_once,
    )


def build_score_addresses(parts: Parts) -> ScoreAddresses:
    """Return the verbs of addresses; without an inbound listener there are none."""
    settings = parts.settings
    return ScoreAddresses(
        store=ScoreAddressStore(parts.database),
        clock=parts.clock,
        ids=parts.ids,
        settings=settings.score,
        domain=score_domain(settings) if settings.mx.listen else "",
    )
