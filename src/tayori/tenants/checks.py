"""What a check of a domain's DNS records changes, and when to look again (pure).

A record that could not be looked up never changes anything: it keeps what the check before found.
A domain is verified when all records are right, and no longer when one is certainly wrong.
"""

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum

import msgspec

from tayori.runtime.clock import SECOND
from tayori.tenants.model import DkimKey, DnsRecord, Identity, RecordGroup, RecordState

FIRST_RETRY_S = 300
"""Seconds from creation to the first check; doubled after each check that does not pass."""
SLOWEST_RETRY_S = 86_400
_MOST_DOUBLINGS = 16


class Change(StrEnum):
    """What a check did to the standing of a domain."""

    NONE = "none"
    VERIFIED = "verified"
    BROKEN = "broken"


def retry_s(checks_failed: int) -> int:
    """Return the seconds to wait after so many checks in a row that did not pass."""
    return min(FIRST_RETRY_S << min(checks_failed, _MOST_DOUBLINGS), SLOWEST_RETRY_S)


def after_check(
    before: Identity, found: Sequence[DnsRecord], now: int, *, recheck_s: int
) -> tuple[Identity, Change]:
    """Return the identity as the check leaves it, and what changed."""
    passed = bool(found) and all(record.state is RecordState.OK for record in found)
    wrong = any(record.state is RecordState.WRONG for record in found)
    verified = passed or (before.verified and not wrong)
    failed = 0 if passed else before.checks_failed + 1
    wait_s = recheck_s if passed else retry_s(failed)
    if verified:
        wait_s = min(wait_s, recheck_s)
    after = replace(
        before,
        verified=verified,
        records=tuple(_kept(record, before.records) for record in found),
        verified_at=now if verified and not before.verified else before.verified_at,
        checked_at=now,
        check_due_at=now + wait_s * SECOND,
        checks_failed=failed,
    )
    if verified == before.verified:
        return after, Change.NONE
    return after, Change.VERIFIED if verified else Change.BROKEN


def signers(identity: Identity, keys: Sequence[DkimKey]) -> tuple[DkimKey, ...]:
    """Return the keys that sign: those of the option whose record was found in the DNS.

    After a change of option the new key's record may not be published yet; until a check finds it,
    older published keys go on signing. Without any record found, the option's keys sign. A key that
    a rotation made or replaced is none of them (`tayori.tenants.rotation`).
    """
    keys = tuple(key for key in keys if key.active)
    wanted = tuple(key for key in keys if key.bits in identity.dkim_option.bits)
    names = {
        record.name
        for record in identity.records
        if record.group is RecordGroup.DKIM and record.state is RecordState.OK
    }
    published = [key for key in keys if f"{key.selector}._domainkey.{identity.domain}" in names]
    return tuple(key for key in wanted if key in published) or tuple(published) or wanted


def _kept(record: DnsRecord, before: Sequence[DnsRecord]) -> DnsRecord:
    if record.state is not RecordState.UNKNOWN:
        return record
    for earlier in before:
        if (earlier.group, earlier.name, earlier.expected) == (
            record.group,
            record.name,
            record.expected,
        ):
            return msgspec.structs.replace(earlier, note=record.note, findings=record.findings)
    return record
