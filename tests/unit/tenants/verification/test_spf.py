import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tayori.tenants.verification.spf import (
    Mechanism,
    SpfRecord,
    SpfSyntaxError,
    is_spf,
    merged,
    parse_spf,
    with_include,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("v=spf1", True),
        ("v=spf1 ~all", True),
        ("V=SPF1 ~all", True),
        ("v=spf10 ~all", False),
        (" v=spf1 ~all", False),
        ("v=spf2.0/pra ~all", False),
        ("spf1", False),
    ],
)
def test_what_is_an_spf_record(text: str, expected: bool) -> None:
    assert is_spf(text) is expected


def test_every_mechanism_and_modifier() -> None:
    record = parse_spf(
        "v=spf1  a -a:Mail.Example.com. mx/24 ?mx:x.test/24//64 a//64 ptr ptr:y.test "
        "ip4:192.0.2.1 ~ip4:192.0.2.0/24 ip6:2001:db8::/32 exists:%{ir}.%{v}._spf.%{d2} "
        "INCLUDE:z.test redirect=r.test exp=e.%{d} unknown=x/y -all "
    )
    assert isinstance(record, SpfRecord)
    assert record.mechanisms == (
        Mechanism("+", "a"),
        Mechanism("-", "a", "mail.example.com"),
        Mechanism("+", "mx"),
        Mechanism("?", "mx", "x.test"),
        Mechanism("+", "a"),
        Mechanism("+", "ptr"),
        Mechanism("+", "ptr", "y.test"),
        Mechanism("+", "ip4", "192.0.2.1"),
        Mechanism("~", "ip4", "192.0.2.0/24"),
        Mechanism("+", "ip6", "2001:db8::/32"),
        Mechanism("+", "exists", "%{ir}.%{v}._spf.%{d2}"),
        Mechanism("+", "include", "z.test"),
        Mechanism("-", "all"),
    )
    assert record.redirect == "r.test"
    assert sum(mechanism.looks_up for mechanism in record.mechanisms) == 9


@pytest.mark.parametrize(
    "term",
    [
        "include",
        "include:",
        "include:a.test/24",
        "exists",
        "all:x",
        "all/24",
        "ip4",
        "ip4:1.2.3",
        "ip4:1.2.3.4/33",
        "ip4:1.2.3.4//64",
        "ip6:1.2.3.4",
        "ip6:::1/129",
        "ip6::z",
        "a/33",
        "a//129",
        "mx:",
        "foo",
        "+",
        "v",
        "include:a%b",
        "include:é.test",
        "\tall",
        "~~all",
        "redirect=",
    ],
)
def test_terms_that_are_no_terms(term: str) -> None:
    assert parse_spf(f"v=spf1 {term} ~all") == SpfSyntaxError(term)


def test_redirect_stands_once() -> None:
    assert parse_spf("v=spf1 redirect=a.test redirect=b.test") == SpfSyntaxError("redirect=b.test")


@given(st.text(max_size=200))
@example("ip4:" + "1" * 5000)
@example("a" + "/" * 5000)
@example("include:" + "%{d}" * 2000 + "%")
def test_any_text_is_a_record_or_an_error(text: str) -> None:
    result = parse_spf(f"v=spf1 {text}")
    assert isinstance(result, (SpfRecord, SpfSyntaxError))


@given(
    st.lists(
        st.sampled_from(["a", "mx", "include:x.test", "ip4:1.2.3.4", "exists:%{i}.x.test", "-all"])
    )
)
def test_suggestions_are_right_themselves(terms: list[str]) -> None:
    texts = [" ".join(["v=spf1", *terms]), "v=spf1 include:y.test -all"]
    for suggestion in (with_include(texts[0], "spf.ours.test"), merged(texts, "spf.ours.test")):
        record = parse_spf(suggestion)
        assert isinstance(record, SpfRecord)
        assert record.mechanisms[0] == Mechanism("+", "include", "spf.ours.test")


def test_merging_keeps_every_sender_and_the_softest_end() -> None:
    first, second = "v=spf1 include:_spf.google.com -all", "v=spf1 a include:_spf.google.com ~all"
    assert merged([first, second], "spf.ours.test") == (
        "v=spf1 include:spf.ours.test include:_spf.google.com a ~all"
    )
