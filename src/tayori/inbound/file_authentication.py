"""What the DNS says now about who sent a mail that lies in a file.

The server that handed it over is not known, so SPF is only looked for, not evaluated; DKIM is
verified. What cannot be looked up is unknown and costs nothing.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from tayori.dns.answers import Lookup, Lookups, TemporaryFailure
from tayori.inbound.authentication import author_domain
from tayori.inbound.sender_checks import Asker, DkimResult, check_dkim
from tayori.screen.hosts import related
from tayori.screen.score.evidence import Authentication, Result, Signature
from tayori.tenants.verification.check_dmarc import next_domain, policy_record
from tayori.tenants.verification.check_spf import own_record

_RESULTS: Final = {"pass": Result.PASS, "temperror": Result.UNKNOWN}
_CHANGED: Final = "body hash mismatch"
"""How the library begins when the body is not the one that was signed."""


async def authentication_of(raw: bytes, lookups: Lookups) -> Authentication | None:
    """Return what can be known of the mail's domain; None when it names none."""
    domain = author_domain(raw)
    if not domain:
        return None
    found = await asyncio.to_thread(check_dkim, Asker(lookups), raw)
    signatures = tuple(map(signature_of, found))
    return Authentication(
        from_domain=domain,
        signatures=signatures,
        spf=await _spf(domain, lookups),
        dmarc=await _dmarc(domain, signatures, lookups),
    )


def signature_of(found: DkimResult) -> Signature:
    """Return a result of DKIM as evidence; what is no pass and no doubt is a failure."""
    changed = found.reason.startswith(_CHANGED)
    return Signature(
        domain=found.domain,
        result=_RESULTS.get(found.result, Result.FAIL),
        reason="The body was changed after it was signed." if changed else f"{found.reason}.",
    )


async def _spf(domain: str, lookups: Lookups) -> Result:
    found = await lookups.lookup(domain, "TXT")
    if isinstance(found, TemporaryFailure) or own_record(found) is not None:
        return Result.UNKNOWN
    return Result.NONE


async def _dmarc(domain: str, signatures: Sequence[Signature], lookups: Lookups) -> Result:
    walked: list[tuple[str, Lookup]] = []
    while (target := next_domain(domain, walked)) is not None:
        walked.append((target, await lookups.lookup(f"_dmarc.{target}", "TXT")))
    if any(isinstance(found, TemporaryFailure) for _, found in walked):
        return Result.UNKNOWN
    if policy_record(domain, walked) is None:
        return Result.NONE
    aligned = any(one.result is Result.PASS and related(one.domain, domain) for one in signatures)
    return Result.PASS if aligned else Result.UNKNOWN
