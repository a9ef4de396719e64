"""Mails out of blocks: what is written, the HTML that is made of it, and how it is kept."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tayori.catalog.blocks.model import (
    ACCENT,
    Align,
    Block,
    Design,
    Kind,
    colour_of,
    decode_design,
    encode_design,
)
from tayori.catalog.blocks.rendering import render
from tayori.catalog.blocks.writing import Piece, paragraphs, safe_address
from tayori.catalog.variables import split_variables

EVIL = '"><script>alert(1)</script><img src=x onerror=alert(2)>'
TEXTS = st.text(max_size=60) | st.sampled_from([EVIL, "**a** [b](https://c.test/) {{d}}", "\n\n"])
BLOCKS = st.builds(
    Block,
    kind=st.sampled_from(Kind),
    text=TEXTS,
    second=TEXTS,
    url=TEXTS | st.just("https://shop.test/a?b=1&c={{id}}"),
    link=TEXTS,
    align=st.sampled_from(Align),
    size=st.integers(0, 120),
)


class Seen(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.links = set(), set(), []

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attributes}
        self.links += [value for name, value in attributes if name in {"href", "src"}]


def seen(html):
    found = Seen()
    found.feed(html)
    return found


def of(kind, **values):
    return render(Design(blocks=(Block(kind=kind, **values),)))[0]


def test_a_text_is_read_as_paragraphs_lines_and_marks():
    assert paragraphs("One **bold** word\nand [a page](https://a.test/)\n\n \nTwo") == [
        [
            [Piece("One "), Piece("bold", bold=True), Piece(" word")],
            [Piece("and "), Piece("a page", url="https://a.test/")],
        ],
        [[Piece("Two")]],
    ]
    assert paragraphs("[bad](javascript:alert(1)) **") == [
        [[Piece("[bad](javascript:alert(1)) **")]]
    ]
    assert paragraphs(" \n\n ") == []


@pytest.mark.parametrize(
    ("given_url", "kept"),
    [
        (" https://a.test/x?y={{z}} ", "https://a.test/x?y={{z}}"),
        ("mailto:a@b.test", "mailto:a@b.test"),
        ("{{link}}", "{{link}}"),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("//a.test", ""),
        ('https://a.test/"onclick=x', ""),
        ("https://a.test/ b", ""),
    ],
)
def test_addresses(given_url, kept):
    assert safe_address(given_url) == kept


def test_each_kind_makes_its_markup():
    assert "<h1" in of(Kind.HEADING, text="A & B")
    assert "A &amp; B" in of(Kind.HEADING, text="A & B")
    assert "<h2" in of(Kind.HEADING, text="A", size=2)
    assert "<strong>b</strong>" in of(Kind.TEXT, text="**b**")
    image = of(Kind.IMAGE, url="https://a.test/i.png", text="A ship", link="https://a.test/")
    assert 'alt="A ship"' in image
    assert seen(image).links == ["https://a.test/", "https://a.test/i.png"]
    assert "<img" not in of(Kind.IMAGE, url="x")
    assert seen(of(Kind.BUTTON, url="{{link}}", text="Go")).links == ["{{link}}"]
    assert "Go" not in of(Kind.BUTTON, url="nowhere", text="Go")
    both = of(Kind.COLUMNS, text="Left", second="Right")
    assert both.index("Left") < both.index("Right")
    assert "border-top" in of(Kind.DIVIDER)
    assert "height:40px" in of(Kind.SPACER, size=40)
    assert "13px" in of(Kind.FOOTER, text="Bye")


def test_a_mail_has_text_for_readers_without_html_and_is_nothing_without_blocks():
    _, text = render(Design(blocks=(Block(kind=Kind.HEADING, text="Hello {{name}}"),)))
    assert "Hello {{name}}" in text
    assert render(Design()) == ("", "")


def test_words_on_a_button_can_be_read_on_its_colour():
    button = (Block(kind=Kind.BUTTON, text="Go", url="https://a.test/"),)
    assert "color:#ffffff" in render(Design(blocks=button, accent="#0b6e75"))[0]
    bright = render(Design(blocks=button, accent="#ffee88"))[0]
    assert "font-weight:bold;color:#1a1a1a" in bright
    assert colour_of("red;}") == ACCENT
    assert colour_of("#ABCDEF") == "#abcdef"


@given(st.lists(BLOCKS, max_size=6), st.text(max_size=9))
def test_whatever_is_written_stays_text(blocks, accent):
    design = Design(blocks=tuple(blocks), accent=accent)
    html, _ = render(design)
    found = seen(html)
    assert "script" not in found.tags
    assert not {name for name in found.attributes if name.startswith("on")}
    assert all(safe_address(link) == link for link in found.links)
    assert decode_design(encode_design(design)) == design


@given(
    st.text() | st.sampled_from(['{"blocks":[{"kind":"x"}]}', '{"blocks":{}}', "[]", "[" * 9000])
)
def test_what_no_version_of_ours_wrote_is_no_design(kept):
    found = decode_design(kept)
    assert found is None or decode_design(encode_design(found)) == found


def test_variables_survive():
    html = of(Kind.TEXT, text="Dear {{first.name}}, [see]({{link}})")
    assert split_variables(html).distinct == {"first.name", "link"}
