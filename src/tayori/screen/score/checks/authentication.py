"""SPF, DKIM and DMARC: whether receivers can know that the mail is the domain's own."""

from collections.abc import Iterable

from tayori.screen.hosts import related
from tayori.screen.score.evidence import Authentication, Evidence, Result
from tayori.screen.score.model import Check, Loss, loss


def check_authentication(evidence: Evidence) -> Iterable[Loss]:
    """Take points for what is absent or does not hold; what nobody could look up costs nothing."""
    found = evidence.authentication
    if found is None:
        return
    yield from _dkim(found)
    checked = found.spf_domain or found.from_domain
    if found.spf is Result.FAIL:
        yield loss(Check.SPF_FAILED, domain=checked)
    elif found.spf is Result.NONE:
        yield loss(Check.SPF_MISSING, domain=checked)
    elif found.spf_domain and not related(found.spf_domain, found.from_domain):
        yield loss(Check.SPF_OTHER_DOMAIN, domain=found.from_domain, other=found.spf_domain)
    if found.dmarc is Result.NONE:
        yield loss(Check.DMARC_MISSING, domain=found.from_domain)
    elif found.dmarc is Result.FAIL:
        yield loss(Check.DMARC_FAILED, domain=found.from_domain)


def _dkim(found: Authentication) -> Iterable[Loss]:
    results = {signature.result for signature in found.signatures}
    if not results:
        yield loss(Check.NO_DKIM)
        return
    if Result.PASS not in results:
        failed = [one for one in found.signatures if one.result is Result.FAIL]
        if failed:
            yield loss(Check.DKIM_FAILED, domain=failed[0].domain, reason=failed[0].reason)
        return
    passed = [one.domain for one in found.signatures if one.result is Result.PASS]
    if not any(related(domain, found.from_domain) for domain in passed):
        yield loss(Check.DKIM_OTHER_DOMAIN, domain=found.from_domain, other=passed[0])
