from dataclasses import replace

import pytest
from tests.unit.tenants.verification.conftest import EXPECTATIONS, KEY, LONG_KEY, World

from tayori.config.tree import Domains
from tayori.mail.dkim_record import record_text
from tayori.sandbox.dns_server import Failure
from tayori.tenants.model import DkimKey, RecordGroup, RecordState
from tayori.tenants.verification.expected import expected_records
from tayori.tenants.verification.findings import FindingCode, Severity
from tayori.tenants.verification.model import (
    Expectations,
    PublishedKey,
    Verification,
    expectations_of,
    host_in,
)

OK, WRONG, UNKNOWN = RecordState.OK, RecordState.WRONG, RecordState.UNKNOWN
MX, SPF, DMARC, DKIM = RecordGroup.MX, RecordGroup.SPF, RecordGroup.DMARC, RecordGroup.DKIM


def test_the_four_groups() -> None:
    both = replace(EXPECTATIONS, keys=(*EXPECTATIONS.keys, PublishedKey("tayori2048", LONG_KEY)))
    records = expected_records("Mail.Example.test", both, "example.test")
    assert [(record.type, record.name, record.expected, record.host) for record in records] == [
        ("MX", "mail.example.test", "mx.ours.test.", "mail"),
        ("TXT", "mail.example.test", "v=spf1 include:spf.ours.test ~all", "mail"),
        ("TXT", "_dmarc.mail.example.test", "v=DMARC1; p=none", "_dmarc.mail"),
        (
            "TXT",
            "tayori._domainkey.mail.example.test",
            f"v=DKIM1; k=rsa; p={KEY}",
            "tayori._domainkey.mail",
        ),
        (
            "TXT",
            "tayori2048._domainkey.mail.example.test",
            f"v=DKIM1; k=rsa; p={LONG_KEY}",
            "tayori2048._domainkey.mail",
        ),
    ]
    assert {record.state for record in records} == {UNKNOWN}
    with pytest.raises(ValueError, match="no domain name"):
        expected_records("a..b", both)


def test_what_to_enter_as_host() -> None:
    assert host_in("example.test", "example.test") == "@"
    assert host_in("_dmarc.example.test", "example.test") == "_dmarc"
    assert host_in("a.b.example.test", "example.test") == "a.b"
    assert host_in("example.test", "") is None
    assert host_in("example.test", "other.test") is None


def test_expectations_come_from_the_settings() -> None:
    key = DkimKey(selector="s", bits=1024, public_key=KEY, private_pem=b"")
    made = expectations_of(Domains(mx_host="mx.o.test", spf_include="s.o.test"), [key])
    assert made == Expectations(
        mx_host="mx.o.test", spf_include="s.o.test", keys=(PublishedKey("s", KEY),)
    )


async def test_all_right(world: World) -> None:
    found = await world.verify()
    assert found.all_verified is True
    assert found.zone == "example.test"
    assert [record.host for record in found.records] == [
        "mail",
        "mail",
        "_dmarc.mail",
        "tayori._domainkey.mail",
    ]
    assert [record.current for record in found.records] == [
        record.expected for record in found.records
    ]
    assert all(record.explanation() == "The record is right." for record in found.records)
    stored = found.records[0].stored()
    assert (stored.group, stored.state, stored.current) == (MX, OK, "mx.ours.test.")


async def test_a_fresh_look_passes_the_cache_by(world: World) -> None:
    world.server.remove(world.domain, "MX")
    assert (await world.verify()).all_verified is False
    world.publish(world.domain)
    assert (await world.verify()).all_verified is True


async def test_nothing_published(world: World) -> None:
    world.domain = "new.example.test"
    found = await world.verify()
    assert found.all_verified is False
    assert {record.state for record in found.records} == {WRONG}
    assert {record.current for record in found.records} == {""}
    assert {each.code for record in found.records for each in record.findings} == {
        FindingCode.NO_SUCH_NAME
    }
    assert found.records[0].host == "new"


@pytest.mark.parametrize("failure", [Failure.SERVFAIL, Failure.REFUSED, Failure.GARBAGE])
async def test_failures_are_unknown_and_never_a_no(world: World, failure: Failure) -> None:
    names = [record.name for record in expected_records(world.domain, EXPECTATIONS)]
    for name in names:
        world.server.fail(name, failure)
    found = await world.verify()
    assert found.all_verified is None
    assert {record.state for record in found.records} == {UNKNOWN}
    assert all("name servers" in record.explanation() for record in found.records)


async def test_one_no_outweighs_an_unknown(world: World) -> None:
    world.server.fail(world.domain, Failure.SERVFAIL, "TXT")
    assert (await world.verify()).all_verified is None
    world.server.remove(f"_dmarc.{world.domain}")
    assert (await world.verify()).all_verified is False


# MX


@pytest.mark.parametrize(
    ("values", "state", "codes"),
    [
        (["10 MX.Ours.TEST."], OK, {FindingCode.RIGHT}),
        (["10 mx.ours.test.", "20 backup.test."], OK, {FindingCode.RIGHT}),
        (["5 first.test.", "10 mx.ours.test."], OK, {FindingCode.MX_NOT_FIRST}),
        (["10 other.test."], WRONG, {FindingCode.MX_OTHER_HOST}),
        (["0 ."], WRONG, {FindingCode.MX_NULL}),
        (
            ["1 aspmx.l.google.com."],
            WRONG,
            {FindingCode.MX_OTHER_HOST, FindingCode.MX_MAILBOX_SERVICE},
        ),
        (
            ["10 mx.ours.test.", "20 ours-test.mail.protection.outlook.com."],
            OK,
            {FindingCode.MX_MAILBOX_SERVICE},
        ),
    ],
)
async def test_mx(
    world: World, values: list[str], state: RecordState, codes: set[FindingCode]
) -> None:
    world.server.set(world.domain, "MX", *values)
    assert await world.check(MX) == (state, codes)


async def test_an_own_mx_counts_where_it_forwards(world: World) -> None:
    forwards = replace(EXPECTATIONS, forwards_own_mx=True)
    world.server.set(world.domain, "MX", "10 own.example.test.")
    assert await world.check(MX, forwards) == (OK, {FindingCode.MX_OWN_HOST})
    world.server.set(world.domain, "MX", "0 .")
    assert (await world.check(MX, forwards))[0] is WRONG
    world.server.remove(world.domain, "MX")
    assert await world.check(MX, forwards) == (WRONG, {FindingCode.NO_RECORD})


# DKIM


@pytest.mark.parametrize(
    ("text", "state", "code"),
    [
        (f"p={KEY}", OK, FindingCode.RIGHT),
        (f"v=DKIM1;p={KEY[:20]} {KEY[20:]};k=rsa; n=note;", OK, FindingCode.RIGHT),
        (f'"v=DKIM1; p={KEY[:60]}" "{KEY[60:]}; k=rsa"', OK, FindingCode.RIGHT),
        (f"v=DKIM1; t=y; p={KEY}", OK, FindingCode.DKIM_TESTING),
        (record_text(LONG_KEY), WRONG, FindingCode.DKIM_OTHER_KEY),
        ("v=DKIM1; k=rsa; p=", WRONG, FindingCode.DKIM_REVOKED),
        (f"v=DKIM1; k=ed25519; p={KEY}", WRONG, FindingCode.DKIM_RESTRICTED),
        (f"v=DKIM1; h=sha1; p={KEY}", WRONG, FindingCode.DKIM_RESTRICTED),
        (f"v=DKIM2; p={KEY}", WRONG, FindingCode.DKIM_SYNTAX),
        ("something else", WRONG, FindingCode.DKIM_SYNTAX),
        ("v=DKIM1; p=###", WRONG, FindingCode.DKIM_SYNTAX),
        ("é", WRONG, FindingCode.DKIM_SYNTAX),
    ],
)
async def test_dkim(world: World, text: str, state: RecordState, code: FindingCode) -> None:
    world.server.set(f"tayori._domainkey.{world.domain}", "TXT", text)
    assert await world.check(DKIM) == (state, {code})


async def test_dkim_twice_or_by_an_alias(world: World) -> None:
    name = f"tayori._domainkey.{world.domain}"
    world.server.add(name, "TXT", "v=DKIM1; p=")
    assert await world.check(DKIM) == (WRONG, {FindingCode.DKIM_SEVERAL})
    world.server.remove(name)
    world.server.set(name, "CNAME", "keys.test.")
    world.server.set("keys.test", "TXT", record_text(KEY))
    assert await world.check(DKIM) == (OK, {FindingCode.RIGHT})


async def test_both_keys_must_be_there(world: World) -> None:
    both = replace(EXPECTATIONS, keys=(*EXPECTATIONS.keys, PublishedKey("tayori2048", LONG_KEY)))
    assert (await world.verify(both)).all_verified is False
    world.server.set(f"tayori2048._domainkey.{world.domain}", "TXT", record_text(LONG_KEY))
    found = await world.verify(both)
    assert found.all_verified is True
    assert len(found.group(DKIM)) == 2


# SPF


@pytest.mark.parametrize(
    ("text", "state", "codes"),
    [
        ("v=spf1 ip4:192.0.2.1 INCLUDE:SPF.Ours.Test. -all", OK, {FindingCode.RIGHT}),
        ("v=spf1 include:spf.ours.test", OK, {FindingCode.RIGHT}),
        ("v=spf1 include:spf.ours.test ?all", OK, {FindingCode.RIGHT}),
        ("v=spf1 include:spf.ours.test +all", OK, {FindingCode.SPF_ALLOWS_ALL}),
        ("v=spf1 redirect=spf.ours.test", OK, {FindingCode.RIGHT}),
        ("v=spf1 redirect=nested.test", OK, {FindingCode.RIGHT}),
        ("v=spf1 include:nested.test -all", OK, {FindingCode.RIGHT}),
        ("v=spf1 -all", WRONG, {FindingCode.SPF_NOT_INCLUDED}),
        ("v=spf1 -all redirect=spf.ours.test", WRONG, {FindingCode.SPF_NOT_INCLUDED}),
        ("v=spf1 -all include:spf.ours.test", WRONG, {FindingCode.SPF_AFTER_ALL}),
        ("v=spf1 ~include:spf.ours.test -all", WRONG, {FindingCode.SPF_NOT_PASSING}),
        ("v=spf1 -include:nested.test ~all", WRONG, {FindingCode.SPF_NOT_PASSING}),
        ("v=spf1 include:spf.ours.test foo ~all", WRONG, {FindingCode.SPF_SYNTAX}),
        (
            "v=spf1 include:gone.test include:spf.ours.test ~all",
            WRONG,
            {FindingCode.SPF_INCLUDE_BROKEN},
        ),
        ("v=spf1 include:spf.ours.test include:gone.test ~all", OK, {FindingCode.RIGHT}),
        (
            "v=spf1 include:bad.test include:spf.ours.test ~all",
            WRONG,
            {FindingCode.SPF_SYNTAX},
        ),
        (
            "v=spf1 include:mail.example.test include:spf.ours.test ~all",
            WRONG,
            {FindingCode.SPF_LOOP},
        ),
        ("v=spf1 include:%{d}.x.test include:spf.ours.test ~all", OK, {FindingCode.RIGHT}),
        (
            "v=spf1 include:_spf.google.com include:spf.ours.test ~all",
            OK,
            {FindingCode.SPF_MAILBOX_SERVICE},
        ),
        (
            "v=spf1 include:spf.ours.test a:n1.test a:n2.test mx:n3.test ~all",
            OK,
            {FindingCode.SPF_VOID_LOOKUPS},
        ),
        (
            "v=spf1 include:spf.ours.test" + " a" * 10 + " ~all",
            OK,
            {FindingCode.SPF_LOOKUPS_HIGH},
        ),
        (
            "v=spf1" + " a" * 10 + " include:spf.ours.test ~all",
            WRONG,
            {FindingCode.SPF_TOO_MANY_LOOKUPS},
        ),
        ("v=spf1" + " a" * 9 + " include:spf.ours.test ~all", OK, {FindingCode.RIGHT}),
        ("hello", WRONG, {FindingCode.NO_RECORD}),
    ],
)
async def test_spf(world: World, text: str, state: RecordState, codes: set[FindingCode]) -> None:
    world.server.set(world.domain, "TXT", text, "some-site-verification=1")
    world.server.set(world.domain, "A", "192.0.2.1")
    world.server.set("nested.test", "TXT", "v=spf1 include:spf.ours.test ~all")
    world.server.set("bad.test", "TXT", "v=spf1 foo")
    world.server.set("_spf.google.com", "TXT", "v=spf1 ip4:192.0.2.7 ~all")
    world.server.set(f"{world.domain}.x.test", "TXT", "v=spf1 ~all")
    assert await world.check(SPF) == (state, codes)


async def test_two_spf_records_are_merged_in_the_advice(world: World) -> None:
    world.server.add(world.domain, "TXT", "v=spf1 include:_spf.google.com -all")
    record = await world.record(SPF)
    assert record.state is WRONG
    assert record.current.count("\n") == 1
    assert "v=spf1 include:spf.ours.test include:_spf.google.com ~all" in record.explanation()
    assert "Google Workspace" in record.explanation("ja")


async def test_what_our_own_domain_costs_counts(world: World) -> None:
    world.server.set(world.domain, "A", "192.0.2.1")
    world.server.set("spf.ours.test", "TXT", "v=spf1 a:h.test a:h.test -all")
    world.server.set("h.test", "A", "192.0.2.1")
    world.server.set(world.domain, "TXT", "v=spf1" + " a" * 8 + " include:spf.ours.test ~all")
    record = await world.record(SPF)
    assert record.state is WRONG
    assert "11 DNS look-ups" in record.explanation()


async def test_an_operators_missing_spf_is_told_and_costs_nobody(world: World) -> None:
    world.server.remove("spf.ours.test")
    assert await world.check(SPF) == (OK, {FindingCode.SPF_OURS_EMPTY})


async def test_spf_that_cannot_be_followed(world: World) -> None:
    world.server.fail("other.test", Failure.SERVFAIL)
    world.server.set(world.domain, "TXT", "v=spf1 include:other.test ~all")
    assert (await world.check(SPF))[0] is UNKNOWN
    world.server.set(world.domain, "TXT", "v=spf1 include:other.test include:spf.ours.test ~all")
    assert await world.check(SPF) == (OK, {FindingCode.SPF_NOT_COUNTED})


async def test_a_walk_without_end_is_bounded(world: World) -> None:
    for number in range(200):
        text = f"v=spf1 include:n{number + 1}.test include:m{number}.test ~all"
        world.server.set(f"n{number}.test", "TXT", text)
        world.server.set(f"m{number}.test", "TXT", "v=spf1 a:x.test ~all")
    world.server.set(world.domain, "TXT", "v=spf1 include:n0.test ~all")
    assert (await world.check(SPF))[0] is WRONG
    assert world.server.queries.total() < 100


# DMARC


@pytest.mark.parametrize(
    ("text", "state", "codes"),
    [
        ("v=DMARC1;p=reject;rua=mailto:a@b.test;adkim=s;x=y", OK, {FindingCode.RIGHT}),
        ("v=DMARC1", WRONG, {FindingCode.DMARC_NO_POLICY}),
        ("v=DMARC1; p=nothing", WRONG, {FindingCode.DMARC_BAD_POLICY}),
        ("p=none; v=DMARC1", WRONG, {FindingCode.NO_RECORD}),
    ],
)
async def test_dmarc(world: World, text: str, state: RecordState, codes: set[FindingCode]) -> None:
    world.server.set(f"_dmarc.{world.domain}", "TXT", text)
    assert await world.check(DMARC) == (state, codes)


async def test_dmarc_twice(world: World) -> None:
    world.server.add(f"_dmarc.{world.domain}", "TXT", "v=DMARC1; p=reject")
    assert await world.check(DMARC) == (WRONG, {FindingCode.DMARC_SEVERAL})


async def test_dmarc_of_the_organisation_counts(world: World) -> None:
    world.server.remove(f"_dmarc.{world.domain}")
    world.server.set("_dmarc.example.test", "TXT", "v=DMARC1; p=reject; sp=none")
    record = await world.record(DMARC)
    assert record.state is OK
    assert record.current == "v=DMARC1; p=reject; sp=none"
    assert "example.test" in record.explanation()


async def test_dmarc_of_a_public_suffix_is_not_the_customers(world: World) -> None:
    world.server.remove(f"_dmarc.{world.domain}")
    world.server.set("_dmarc.test", "TXT", "v=DMARC1; p=reject; psd=y")
    assert await world.check(DMARC) == (WRONG, {FindingCode.DMARC_OF_SUFFIX})


async def test_a_walk_that_breaks_off_is_unknown(world: World) -> None:
    world.server.remove(f"_dmarc.{world.domain}")
    world.server.fail("_dmarc.example.test", Failure.SERVFAIL)
    assert (await world.check(DMARC))[0] is UNKNOWN


async def test_a_policy_that_would_reject_our_mail(world: World) -> None:
    world.server.set(f"_dmarc.{world.domain}", "TXT", "v=DMARC1; p=reject; adkim=s; aspf=s")
    assert await world.check(DMARC) == (OK, {FindingCode.RIGHT})
    world.server.set(world.domain, "TXT", "v=spf1 -all")
    assert await world.check(DMARC) == (OK, {FindingCode.RIGHT})
    world.server.remove(f"tayori._domainkey.{world.domain}")
    assert await world.check(DMARC) == (OK, {FindingCode.DMARC_WOULD_REJECT})
    world.server.set(f"_dmarc.{world.domain}", "TXT", "v=DMARC1; p=none")
    assert await world.check(DMARC) == (OK, {FindingCode.RIGHT})


def test_the_verdict_over_all_records() -> None:
    def verdict(*states: RecordState) -> bool | None:
        records = expected_records("h.test", EXPECTATIONS)
        checked = tuple(
            record.found(state, "") for record, state in zip(records, states, strict=True)
        )
        return Verification(domain="h.test", records=checked).all_verified

    assert verdict(OK, OK, OK, OK) is True
    assert verdict(OK, OK, OK, UNKNOWN) is None
    assert verdict(OK, WRONG, OK, UNKNOWN) is False


def test_severities() -> None:
    assert FindingCode.RIGHT.severity is Severity.NOTE
    assert FindingCode.SPF_LOOKUPS_HIGH.severity is Severity.ADVICE
    assert FindingCode.SPF_SEVERAL.severity is Severity.PROBLEM
