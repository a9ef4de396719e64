import pytest
from hypothesis import given
from hypothesis import strategies as st

from tayori.dns.sts import MOST_PATTERNS, StsMode, StsPolicy, parse_policy, policy_id

GOOD = "version: STSv1\nmode: enforce\nmx: mx.x.test\nmx: *.y.test\nmax_age: 604800\n"


@pytest.mark.parametrize(
    ("texts", "number"),
    [
        ((b"v=STSv1; id=20160831085700Z;",), "20160831085700Z"),
        ((b"v=STSv1;id=1",), "1"),
        ((b"v=STSv1; other=x; id=7;",), "7"),
        ((b"v=spf1 -all", b"v=STSv1; id=1;"), "1"),
        ((b"v=STSv1; id=1;", b"v=STSv1; id=2;"), ""),
        ((b"v=STSv1; id=" + b"a" * 33,), ""),
        ((b"v=STSv1; id=a-b",), ""),
        ((b"v=STSv10; id=1",), ""),
        ((b"V=STSv1; id=1",), ""),
        ((b"id=1; v=STSv1",), ""),
        ((b"v=STSv1; id=\xff",), ""),
        ((), ""),
    ],
)
def test_the_announcement(texts, number):
    assert policy_id(texts) == number


def test_a_policy():
    found = parse_policy(GOOD.encode())
    assert found == StsPolicy(mode=StsMode.ENFORCE, mx=("mx.x.test", "*.y.test"), max_age_s=604_800)
    assert parse_policy(GOOD.replace("\n", "\r\n").encode()) == found
    assert parse_policy((GOOD + "new_key: what\n\nmode: none\n").encode()) == found


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("STSv1", "STSv2"), "version"),
        (("enforce", "strict"), "mode"),
        (("604800", "-1"), "max_age"),
        (("604800", "12345678901"), "max_age"),
        (("mx.x.test", "mx_x.test"), "mx pattern"),
        (("mx.x.test", "a.*.test"), "mx pattern"),
        (("mx: mx.x.test\nmx: *.y.test\n", ""), "names no mx"),
        (("mx: mx.x.test\n", "mx: a.test\n" * (MOST_PATTERNS + 1)), "more than"),
        (("mode: enforce", "mode enforce"), "Line 2"),
    ],
)
def test_what_is_wrong_with_a_policy_is_said(change, sentence):
    found = parse_policy(GOOD.replace(*change).encode())
    assert isinstance(found, str)
    assert sentence in found


def test_an_age_beyond_a_year_is_a_year():
    found = parse_policy(GOOD.replace("604800", "9999999999").encode())
    assert isinstance(found, StsPolicy)
    assert found.max_age_s == 31_557_600


@pytest.mark.parametrize(
    ("host", "permitted"),
    [
        ("mx.x.test", True),
        ("MX.X.Test.", True),
        ("a.mx.x.test", False),
        ("a.y.test", True),
        ("a.b.y.test", False),
        ("y.test", False),
        (".y.test", False),
    ],
)
def test_patterns(host, permitted):
    policy = parse_policy(GOOD.encode())
    assert isinstance(policy, StsPolicy)
    assert policy.permits(host) is permitted


LINES = st.lists(
    st.sampled_from(["version: STSv1", "mode: enforce", "mode: testing", "mx: a.test", "mx: *"])
    | st.sampled_from(["max_age: 5", "max_age: x", ": ", "\x00", "mx:\t*.a.test  "])
    | st.text(max_size=20)
)


@given(LINES.map(lambda lines: "\n".join(lines).encode("utf-8", "replace")) | st.binary())
def test_any_octets_are_a_policy_or_a_sentence(text):
    found = parse_policy(text)
    if isinstance(found, StsPolicy):
        assert found.max_age_s >= 0
        assert found.mode is StsMode.NONE or found.mx
        assert not found.permits("")
    else:
        assert found.endswith(".")


@given(st.lists(st.binary(max_size=60) | st.just(b"v=STSv1; id=5"), max_size=3))
def test_any_records_are_an_id_or_none(texts):
    number = policy_id(tuple(texts))
    assert number == "" or (number.isalnum() and len(number) <= 32)
