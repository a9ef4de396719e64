from dataclasses import replace

import msgspec

from tayori.tenants.checks import Change, after_check, retry_s, signers
from tayori.tenants.model import (
    DkimKey,
    DkimOption,
    DnsRecord,
    Identity,
    RecordGroup,
    RecordState,
)

NOW = 1_790_000_000_000
DAY_S = 86_400
PENDING = Identity(
    id=1,
    account_id=1,
    domain="mail.example.org",
    dkim_option=DkimOption.RSA_1024,
    verified=False,
    records=(),
    tags=(),
    level=1,
    created_at=NOW,
    verified_at=None,
    checked_at=None,
    check_due_at=NOW,
    checks_failed=0,
)
OK, WRONG, UNKNOWN = RecordState.OK, RecordState.WRONG, RecordState.UNKNOWN
SHORT = DkimKey(selector="t", bits=1024, public_key="s", private_pem=b"")
LONG = DkimKey(selector="t2048", bits=2048, public_key="l", private_pem=b"")


def found(dkim=OK, mx=OK, spf=OK, dmarc=OK):
    states = zip(RecordGroup, (dkim, mx, spf, dmarc), strict=True)
    return [
        DnsRecord(group=group, type="TXT", name=group.value, expected="x", current="y", state=state)
        for group, state in states
    ]


def dkim(selector, state):
    name = f"{selector}._domainkey.{PENDING.domain}"
    return DnsRecord(group=RecordGroup.DKIM, type="TXT", name=name, expected="", state=state)


def check(before, records, now=NOW):
    return after_check(before, records, now, recheck_s=DAY_S)


def test_all_four_right_make_a_domain_verified():
    after, change = check(replace(PENDING, checks_failed=3), found(), NOW + 5)
    assert change is Change.VERIFIED
    assert after.verified
    assert (after.verified_at, after.checked_at, after.checks_failed) == (NOW + 5, NOW + 5, 0)
    assert after.check_due_at == NOW + 5 + DAY_S * 1000


def test_any_wrong_or_unknown_record_keeps_a_pending_domain_pending():
    for group in ("dkim", "mx", "spf", "dmarc"):
        for state in (WRONG, UNKNOWN):
            after, change = check(PENDING, found(**{group: state}))
            assert (after.verified, change, after.checks_failed) == (False, Change.NONE, 1)
    assert not check(PENDING, [])[0].verified


def test_a_verified_domain_breaks_on_a_certain_no_only():
    verified, _ = check(PENDING, found())
    after, change = check(verified, found(mx=UNKNOWN, dkim=UNKNOWN), NOW + 9)
    assert (after.verified, change) == (True, Change.NONE)
    assert after.verified_at == NOW
    assert after.check_due_at == NOW + 9 + 600_000
    after, change = check(after, found(mx=WRONG), NOW + 10)
    assert (after.verified, change) == (False, Change.BROKEN)


def test_an_unknown_record_keeps_what_was_found_before():
    verified, _ = check(PENDING, found())
    unknown = [
        msgspec.structs.replace(record, current="", note="The resolver did not answer.")
        for record in found(UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN)
    ]
    after, _ = check(verified, unknown)
    assert {(r.state, r.current, r.note) for r in after.records} == {
        (OK, "y", "The resolver did not answer.")
    }


def test_pending_checks_back_off_from_five_minutes_to_a_day():
    assert [retry_s(n) for n in (0, 1, 2, 8, 9, 1000)] == [300, 600, 1200, 76_800, DAY_S, DAY_S]


def test_the_keys_of_the_option_sign_and_a_new_key_waits_for_its_record():
    both = replace(PENDING, dkim_option=DkimOption.BOTH)
    assert signers(PENDING, [SHORT, LONG]) == (SHORT,)
    assert signers(both, [SHORT, LONG]) == (SHORT, LONG)
    longer = replace(PENDING, dkim_option=DkimOption.RSA_2048, records=(dkim("t", OK),))
    assert signers(longer, [SHORT, LONG]) == (SHORT,)
    longer = replace(longer, records=(dkim("t2048", OK),))
    assert signers(longer, [SHORT, LONG]) == (LONG,)
    half = replace(both, records=(dkim("t", OK), dkim("t2048", WRONG)))
    assert signers(half, [SHORT, LONG]) == (SHORT,)
