"""What the DNS says now about who sent a mail that lies in a file.

The server that handed it over is not known, so SPF is only looked for, not evaluated; DKIM is
verified. What cannot be looked up is unknown and costs nothing.
"""

from tayori.dns.answers import Lookup, Lookups, TemporaryFailure
from tayori.mail.address import AddressError
from tayori.mail.address_list import read_mailboxes
from tayori.mail.reading import read_mail
from tayori.sandbox.verifier import DkimVerifier, SignatureResult
from tayori.screen.hosts import related
from tayori.screen.score.evidence import Authentication, Result, Signature
from tayori.tenants.verification.check_dmarc import next_domain, policy_record
from tayori.tenants.verification.check_spf import own_record


async def authentication_of(raw: bytes, lookups: Lookups) -> Authentication | None:
    """Return what can be known of the mail's domain; None when it names none."""
    domain = _from_domain(raw)
    if not domain:
        return None
    signatures = [_signature(one) for one in await DkimVerifier(lookups).verify(raw)]
    return Authentication(
        from_domain=domain,
        signatures=tuple(signatures),
        spf=await _spf(domain, lookups),
        dmarc=await _dmarc(domain, signatures, lookups),
    )


def _from_domain(raw: bytes) -> str:
    senders = read_mailboxes(read_mail(raw).sender)
    if isinstance(senders, AddressError) or not senders:
        return ""
    return senders[0].address.domain


def _signature(found: SignatureResult) -> Signature:
    result = Result.PASS if found.passed else Result.UNKNOWN if found.temporary else Result.FAIL
    return Signature(domain=found.domain, result=result, reason=found.reason)


async def _spf(domain: str, lookups: Lookups) -> Result:
    found = await lookups.lookup(domain, "TXT")
    if isinstance(found, TemporaryFailure) or own_record(found) is not None:
        return Result.UNKNOWN
    return Result.NONE


async def _dmarc(domain: str, signatures: list[Signature], lookups: Lookups) -> Result:
    walked: list[tuple[str, Lookup]] = []
    while (target := next_domain(domain, walked)) is not None:
        walked.append((target, await lookups.lookup(f"_dmarc.{target}", "TXT")))
    if any(isinstance(found, TemporaryFailure) for _, found in walked):
        return Result.UNKNOWN
    if policy_record(domain, walked) is None:
        return Result.NONE
    aligned = any(one.result is Result.PASS and related(one.domain, domain) for one in signatures)
    return Result.PASS if aligned else Result.UNKNOWN
