"""Character references of HTML at any length."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from tayori.mail.html_links import unescape_attribute
from tayori.mail.html_references import numbered, unescape
from tayori.mail.html_text import text_from_html


@pytest.mark.parametrize(
    ("reference", "character"),
    [
        ("&#65;", "A"),
        ("&#x41", "A"),
        ("&#X0041;", "A"),
        ("&#" + "0" * 5_000 + "65;", "A"),
        ("&#" + "9" * 5_000 + ";", "\ufffd"),
        ("&#x" + "f" * 5_000, "\ufffd"),
        ("&#0;", "\ufffd"),
        ("&#xd800;", "\ufffd"),
        ("&#x80;", "€"),
        ("&#1;", "\x01"),
        ("&#xfffe;", "\ufffe"),
    ],
)
def test_a_number_is_a_character_as_in_browsers(reference: str, character: str) -> None:
    assert numbered(reference) == character


def test_thousands_of_digits_are_read_everywhere() -> None:
    nines = "&#" + "9" * 5_000 + ";"
    assert unescape(f"a{nines}b") == "a\ufffdb"
    assert unescape("&#" + "0" * 5_000 + "38;amp;") == "&amp;"
    assert unescape_attribute(f"x?{nines}") == "x?\ufffd"
    assert "\ufffd" in text_from_html(f"<p>a{nines}b</p>" + "<b>" * 2_000)


@given(st.text(alphabet="&#xX;0123456789afn "))
@example("&#0000000000038;amp;")
def test_text_is_read_as_browsers_read_it(text: str) -> None:
    shown = LexborHTMLParser(f"<body>a{text}b").body
    assert shown is not None
    # Python leaves out what is no character of text; browsers keep it.
    kept = "".join(one for one in shown.text() if unescape(f"&#{ord(one)};") == one)
    assert unescape(f"a{text}b") == kept
