"""Does the domain say what receivers do with mail that fails? (RFC 9989; pure)."""

from collections.abc import Sequence

from tayori.dns.answers import Lookup, NoSuchName, TemporaryFailure
from tayori.tenants.model import RecordState
from tayori.tenants.verification.absence import absent, texts_of, without
from tayori.tenants.verification.dmarc import (
    POLICIES,
    Applied,
    DmarcRecord,
    applied,
    ends_walk,
    is_dmarc,
    only_record,
    tree_walk,
)
from tayori.tenants.verification.findings import Finding, FindingCode, finding
from tayori.tenants.verification.model import Record

Walked = Sequence[tuple[str, Lookup]]
"""The look-ups of a tree walk in order, by domain; it may stop where `needs_more` says so."""


def next_domain(domain: str, walked: Walked) -> str | None:
    """Return the domain whose `_dmarc` is to be asked next, None when the walk is over.

    The domain's own record is final; so is a record that says psd=y or psd=n (RFC 9989 4.10).
    """
    if walked and (_record(walked[0][1]) or isinstance(walked[-1][1], TemporaryFailure)):
        return None
    if walked and ends_walk(_record(walked[-1][1])):
        return None
    targets = tree_walk(domain)
    return targets[len(walked)] if len(walked) < len(targets) else None


def policy_record(domain: str, walked: Walked) -> Applied | None:
    """Return the record that applies to the domain."""
    return applied(domain, [(name, _record(result)) for name, result in walked])


def check_dmarc(record: Record, domain: str, walked: Walked) -> Record:
    """One record with v and p at the domain, or at its organisational domain."""
    own_name, own = walked[0]
    texts = [text for text in texts_of(own) if is_dmarc(text)]
    if len(texts) > 1:
        several = finding(FindingCode.DMARC_SEVERAL, name=f"_dmarc.{own_name}", count=len(texts))
        return record.found(RecordState.WRONG, "\n".join(texts), several)
    failed = next((each for _, each in walked if isinstance(each, TemporaryFailure)), None)
    if failed is not None:
        return absent(record, failed)
    found = policy_record(domain, walked)
    if found is not None:
        return _judge(record, domain, found)
    return absent(record, own) if isinstance(own, NoSuchName) else without(record, "DMARC")


def _judge(record: Record, domain: str, found: Applied) -> Record:
    """Return what the record that applies comes to, at whichever domain it stands."""
    text = found.record.text
    if found.record.psd == "y" and found.domain != domain:
        suffix = finding(FindingCode.DMARC_OF_SUFFIX, domain=found.domain)
        return record.found(RecordState.WRONG, text, suffix)
    problem = _policy_problem(found.record)
    if problem is not None:
        return record.found(RecordState.WRONG, text, problem)
    if found.domain == domain:
        return record.found(RecordState.OK, text)
    inherited = finding(FindingCode.DMARC_INHERITED, domain=found.domain)
    return record.found(RecordState.OK, text, inherited)


def would_reject(domain: str, walked: Walked) -> str:
    """Return the policy that hurts unaligned mail of the domain, "" when none does."""
    found = policy_record(domain, walked)
    if found is None:
        return ""
    policy = found.record.policy(inherited=found.domain != domain)
    return "" if policy == "none" else policy


def _policy_problem(record: DmarcRecord) -> Finding | None:
    """Return what is wrong with p.

    RFC 9989 takes a record without p for p=none, but RFC 7489's receivers take it for none at all.
    """
    if not record.p:
        return finding(FindingCode.DMARC_NO_POLICY)
    if record.p not in POLICIES:
        return finding(FindingCode.DMARC_BAD_POLICY, policy=record.p)
    return None


def _record(result: Lookup) -> DmarcRecord | None:
    return only_record(texts_of(result))
