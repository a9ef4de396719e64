import pytest
from hypothesis import given
from hypothesis import strategies as st

from tayori.tenants.verification.dmarc import (
    Applied,
    DmarcRecord,
    applied,
    ends_walk,
    is_dmarc,
    only_record,
    organisational,
    parse_dmarc,
    tree_walk,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("v=DMARC1; p=none", True),
        ("v = DMARC1 ;p=none", True),
        ("v=DMARC1", True),
        ("v=DMARC1;", True),
        ("v=dmarc1; p=none", False),
        ("v=DMARC11; p=none", False),
        ("v=DMARC1 p=none", False),
        ("p=none; v=DMARC1", False),
        ("v=spf1 ~all", False),
    ],
)
def test_what_is_a_dmarc_record(text: str, expected: bool) -> None:
    assert is_dmarc(text) is expected


def test_tags_and_defaults() -> None:
    record = parse_dmarc(
        "v=DMARC1; p=Reject ; adkim=s; aspf=S;; x-new=1; junk; rua=mailto:a@b.test"
    )
    assert (record.p, record.adkim, record.aspf, record.psd) == ("reject", "s", "s", "u")
    plain = parse_dmarc("v=DMARC1; psd=maybe; adkim=x")
    assert (plain.p, plain.adkim, plain.aspf, plain.psd) == ("", "r", "r", "u")


@pytest.mark.parametrize(
    ("text", "own", "inherited"),
    [
        ("v=DMARC1; p=reject", "reject", "reject"),
        ("v=DMARC1; p=reject; sp=none", "reject", "none"),
        ("v=DMARC1; p=none; sp=quarantine; np=reject", "none", "quarantine"),
        ("v=DMARC1; p=reject; t=y", "quarantine", "quarantine"),
        ("v=DMARC1; p=quarantine; t=y", "none", "none"),
        ("v=DMARC1", "none", "none"),
        ("v=DMARC1; p=bogus", "none", "none"),
    ],
)
def test_the_policy_that_holds(text: str, own: str, inherited: str) -> None:
    record = parse_dmarc(text)
    assert (record.policy(inherited=False), record.policy(inherited=True)) == (own, inherited)


def test_the_walk_goes_up_in_at_most_eight_steps() -> None:
    assert tree_walk("mail.example.com") == ("mail.example.com", "example.com", "com")
    assert tree_walk("com") == ("com",)
    long = ".".join("abcdefghijklmnop")
    walked = tree_walk(long)
    assert len(walked) == 8
    assert walked[1] == "j.k.l.m.n.o.p"
    eight = tree_walk("a.b.c.d.e.f.g.h")
    assert eight[1] == "b.c.d.e.f.g.h"
    assert len(eight) == 8


def walk(**records: str) -> list[tuple[str, DmarcRecord | None]]:
    return [
        (name, parse_dmarc(records[key]) if (key := name.replace(".", "_")) in records else None)
        for name in tree_walk("a.mail.example.com")
    ]


def test_the_organisational_domain() -> None:
    domain = "a.mail.example.com"
    assert organisational(domain, walk()) == domain
    assert organisational(domain, walk(example_com="v=DMARC1; p=none")) == "example.com"
    both = walk(mail_example_com="v=DMARC1; p=none", example_com="v=DMARC1; p=none")
    assert organisational(domain, both) == "example.com"
    not_suffix = walk(mail_example_com="v=DMARC1; psd=n", example_com="v=DMARC1; p=none")
    assert organisational(domain, not_suffix) == "mail.example.com"
    assert organisational(domain, walk(com="v=DMARC1; psd=y")) == "example.com"
    assert organisational(domain, walk(example_com="v=DMARC1; psd=y")) == "mail.example.com"
    own_suffix = walk(a_mail_example_com="v=DMARC1; psd=y; p=none")
    assert organisational(domain, own_suffix) == domain


def test_the_record_that_applies() -> None:
    domain = "a.mail.example.com"

    def at(**records: str) -> str | None:
        found = applied(domain, walk(**records))
        return found.domain if isinstance(found, Applied) else None

    assert at() is None
    assert at(a_mail_example_com="v=DMARC1; p=none", example_com="v=DMARC1; p=none") == domain
    assert at(mail_example_com="v=DMARC1; p=none", example_com="v=DMARC1; p=none") == "example.com"
    assert at(com="v=DMARC1; psd=y; p=reject") == "com"
    suffix = at(com="v=DMARC1; psd=y; p=reject", mail_example_com="v=DMARC1; p=none")
    assert suffix == "com"


def test_several_records_are_none() -> None:
    assert only_record(["v=DMARC1; p=none", "v=DMARC1; p=none"]) is None
    assert only_record(["hello", "v=DMARC1; p=none"]) is not None
    assert only_record([]) is None
    assert not ends_walk(None)
    assert ends_walk(parse_dmarc("v=DMARC1; psd=n"))


@given(st.text(max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    record = parse_dmarc(text)
    assert record.policy(inherited=False) in {"none", "quarantine", "reject"}
    assert isinstance(is_dmarc(text), bool)
