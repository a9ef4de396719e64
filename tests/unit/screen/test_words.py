"""Words are found in one quick look at the whole text, or as whoever reads sentence by sentence."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.review import reviewer

from tayori.screen.normal import normal, pulled_apart, same_letters

DATA = Path(__file__).parents[2] / "data/screen"
TEXTS = [
    text
    for file in sorted(DATA.glob("*_*.toml"))
    for texts in tomllib.loads(file.read_text("utf-8")).values()
    for text in texts
]
PIECES = st.sampled_from(
    [
        *("online", "casino", "c a s i n o", "b.a.c.c.a.r.a.t", "ｃａｓｉｎｏ", "c\u0430sino"),
        *(
            "代开",
            "发票",
            "代 开 发 票",
            "オンライン",
            "カジノ",
            "qq",
            "群",
            "bit",
            "scam",
            "beware",
        ),
        *(" ", "\n", ". ", "。", "-", "_", "·", "\u200b", "x", "payday loan", "cash", "back"),
    ]
)


@given(st.lists(PIECES, max_size=14).map("".join))
def test_the_quick_look_hides_nothing(text):
    words = reviewer().lists.words
    assert words.find(text) == words.read(text)


@pytest.mark.parametrize("lines", [1, 7, 31])
def test_nor_among_other_mails(lines):
    words = reviewer().lists.words
    for start in range(0, len(TEXTS) - lines, lines):
        text = "\n".join(TEXTS[start : start + lines])
        assert words.find(text) == words.read(text)


@given(st.text() | st.lists(PIECES, max_size=14).map("".join))
def test_letters_are_put_together_only_where_they_are_apart(text):
    plain = same_letters(text)
    if not pulled_apart(plain):
        assert normal(text) == plain


@pytest.mark.parametrize(
    "text",
    ["c a s i n o", "c.a.s.i.n.o", "c_a_s_i_n_o", "c·a·s·i·n·o", "c-a s*i n.o", "C A S I N O"],
)
def test_letters_that_were_pulled_apart_are_put_together(text):
    assert normal(f"our {text}, today") == "our casino, today"
