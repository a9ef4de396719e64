import pytest
from hypothesis import given
from hypothesis import strategies as st

from tayori.classify.normal import LONGEST, normalised


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("<a@b.test>: no, thanks", "<someone.else@c.example>: no, thanks"),
        ("Go away 192.0.2.1", "go  away 198.51.100.77"),
        ("refused from 2001:db8::25", "refused from 2001:db8:1::1"),
        ("no (id 4XyZ12abcDEF9)", "no (id 8QwErTz77ab12)"),
        ("see https://x.test/a?b=1", "see https://x.test/z?b=2"),
        ("rejected by mx1.a.test", "rejected by mx2.b.example"),
        ("queue 1234 full", "queue 98765 full"),
    ],
)
def test_what_differs_from_mail_to_mail_is_replaced(one, other):
    assert normalised(one) == normalised(other)


def test_words_stay():
    assert normalised("We do not like this") == "we do not like this"
    assert normalised("One thing") != normalised("another thing")


@given(st.text(max_size=2500))
def test_any_text_is_normalised_to_a_bounded_one(text):
    assert len(normalised(text)) <= LONGEST
