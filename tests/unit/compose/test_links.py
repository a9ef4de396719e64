"""Links, pixel and footer in mails made from a template or from own content."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser
from tests.unit.compose.test_build import DATE, KEY, parsed, recipe, records, signatures_hold
from tests.unit.compose.test_build import SIGNERS as SIGNED_BY

from tayori.catalog.variables import VariableFault
from tayori.compose.build import Capabilities, build
from tayori.compose.content import Content, compile_template, own_content
from tayori.compose.footers import LANGUAGES, footers
from tayori.compose.links import linked, linker_for
from tayori.compose.model import RecipeLinks, decode_recipe, encode_recipe
from tayori.mail.return_path import UNSUBSCRIBE, ReturnPath
from tayori.mail.return_path import decode as decode_address
from tayori.mail.tracking_token import MAX_LINK, Named, Purpose, decode, decode_link

LINK_KEY = b"l" * 32
BASE = "https://t.example.org"
ALL = RecipeLinks(BASE, opens=True, clicks=True, language=2, mx_host="mx.example.org")
WHO = Named(1300000001, 42)


def mail(content, links=ALL, *, values=None, **changes):
    values = values or {}
    template = (1, 1) if isinstance(content, Content) and content.names else None
    stored = decode_recipe(
        encode_recipe(recipe(links=links, values=values, template=template, **changes))
    )
    linker = linker_for(stored, LINK_KEY)
    return build(
        stored,
        linked(content, linker) if linker else content,
        recipient_id=42,
        signers=SIGNED_BY,
        token_key=KEY,
        link_key=LINK_KEY,
        capabilities=Capabilities(),
    )


def html_of(made):
    return parsed(made).get_body(("html",)).get_content().replace("\r\n", "\n").rstrip("\n")


def text_of(made):
    return parsed(made).get_body(("plain",)).get_content().replace("\r\n", "\n")


def followed(address):
    """Return where a link of ours leads, as the public pages read it."""
    found = re.fullmatch(re.escape(BASE) + r"/c/([\w-]{36})/([\w-]+)", address)
    assert found, address
    assert decode(Purpose.CLICK, found[1], LINK_KEY) == WHO
    return decode_link(WHO.app_id, found[2], LINK_KEY)


def targets(html):
    links = LexborHTMLParser(html).css("a[href], area[href]")
    return [link.attributes["href"] for link in links]


def compiled(html, text=""):
    content = compile_template(html, text)
    assert not isinstance(content, VariableFault)
    return content


CLICKS = RecipeLinks(BASE, clicks=True)
SHAPES = [
    "https://shop.test/a?x=1&y=%E3%81%82+b#part-2",
    "http://user:pw@shop.test:8080/p;q=1/../r?&&=&copy=3",
    "https://日本.test/あ?い=う#え",
    "HTTPS://SHOP.test/|\\^`{}[]~!$'()*,",
]


def test_links_of_every_shape_lead_where_they_led():
    escaped = [shape.replace("&", "&amp;") for shape in SHAPES]
    html = "".join(f'<a href="{one}">x</a>' for one in escaped)
    found = targets(html_of(mail(own_content(html, ""), CLICKS)))
    assert [followed(one) for one in found] == SHAPES


def test_everything_but_the_links_stays_as_it_is():
    left = (
        '<a href="mailto:a@b.test?subject=x">m</a><a href="tel:+81">t</a><a href="sms:1">s</a>'
        '<a href="#top">a</a><a href="data:text/html,x">d</a><a href="/rel">r</a>'
        '<a data-no-track href="https://shop.test/">n</a><!-- <a href="https://shop.test/"> -->'
        f'<a href="https://shop.test/{"x" * MAX_LINK}">long</a>'
        "<style>a{color:red}</style> &amp; &nbsp;\t<b >odd</b\n>"
    )
    html = f"{left}<a class=\"k\" href='https://shop.test/' id=z>x</a>{left}"
    made = html_of(mail(own_content(html, ""), CLICKS))
    before, after = html.split("https://shop.test/' id")
    assert made.startswith(before)
    assert made.endswith("' id" + after)
    assert followed(made[len(before) : -len("' id" + after)]) == "https://shop.test/"


def test_the_text_part_is_left_alone():
    made = mail(own_content('<a href="https://shop.test/">Shop</a>', ""), CLICKS)
    assert text_of(made).strip() == "Shop (https://shop.test/)"
    only = mail(own_content("", "See https://shop.test/"), CLICKS)
    assert only.content.endswith(b"See https://shop.test/\r\n")


def test_the_pixel_ends_the_body_and_names_the_recipient():
    made = html_of(mail(own_content("<html><body>a</body></html>", ""), RecipeLinks(BASE, True)))
    found = re.fullmatch(r'<html><body>a<img src="(.*?)" (.*)></body></html>', made)
    assert found
    assert 'alt=""' in found[2]
    token = found[1].removeprefix(f"{BASE}/o/").removesuffix(".gif")
    assert decode(Purpose.OPEN, token, LINK_KEY) == WHO


def test_variables_in_addresses_are_filled_before_they_are_signed():
    html = (
        '<a href="https://shop.test/?code={{code}}&amp;x=1">1</a><a href="{{url}}">2</a>'
        '<a href="{{mail}}">3</a><a href="mailto:{{code}}">4</a><a href={{url}}>5</a>'
        '<p title="{{code}}">{{code}}</p>'
    )
    values = {"code": 'a&b"<c', "url": "https://o.test/?a=1&b=2", "mail": "mailto:x@y.test"}
    made = html_of(mail(compiled(html), CLICKS, values=values))
    one, two, three, four, five = targets(made)
    assert followed(one) == 'https://shop.test/?code=a&b"<c&x=1'
    assert followed(two) == values["url"]
    assert three == values["mail"]
    assert four == 'mailto:a&b"<c'
    assert five == values["url"]
    assert made.endswith('<p title="a&amp;b&quot;&lt;c">a&amp;b&quot;&lt;c</p>')


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_footer_is_in_the_language_that_was_asked_for(language):
    links = RecipeLinks(BASE, language=language, mx_host="mx.example.org")
    made = mail(own_content("<body><p>Hello</p></body>", "Hello\n"), links)
    html, text = html_of(made), text_of(made)
    footer = footers()[language]
    shown = LexborHTMLParser(html).css_first("div")
    assert shown is not None
    assert shown.attributes["lang"] == footer.tag
    assert (shown.attributes.get("dir") == "rtl") == (language == 9)
    (address,) = targets(html)
    assert html.startswith("<body><p>Hello</p>" + footer.html[0] + address)
    assert html.endswith("</a>" + footer.html[1].partition("</a>")[2] + "</body>")
    assert text == f"Hello{footer.text[0]}{address}\n"
    token = address.removeprefix(f"{BASE}/u/")
    assert decode(Purpose.UNSUBSCRIBE, token, LINK_KEY) == WHO
    assert all(signatures_hold(made))


def test_twelve_languages_are_twelve():
    made = footers()
    assert len({footer.tag for footer in made.values()}) == 12
    assert len({footer.text for footer in made.values()}) == 12


def test_list_headers_are_signed_and_replace_those_of_the_request():
    own = (("List-Unsubscribe", "<https://shop.test/u>"), ("X-Own", "1"))
    made = mail(own_content("<p>a</p>", ""), ALL, headers=own)
    read = parsed(made)
    assert read.get_all("List-Unsubscribe-Post") == ["List-Unsubscribe=One-Click"]
    (ways,) = read.get_all("List-Unsubscribe")
    found = re.fullmatch(
        r"<(https://[^>]+)>,\s*<mailto:([^@>]+)@mx.example.org\?subject=\w+>", ways
    )
    assert found
    assert found[1] == targets(html_of(made))[-1]
    sent = ReturnPath(recipient_id=42, issued_at=DATE - DATE % 60_000)
    assert decode_address(found[2], KEY, DATE, UNSUBSCRIBE) == sent
    assert read["X-Own"] == "1"
    signed = [re.sub(r"\s", "", value) for value in read.get_all("DKIM-Signature")]
    assert len(signed) == 2
    for value in signed:
        names = re.search("h=([^;]*)", value)
        assert names
        assert {"list-unsubscribe", "list-unsubscribe-post"} <= set(names[1].split(":"))
    assert all(signatures_hold(made))
    assert records  # the keys that the signatures were checked with
    without = parsed(mail(own_content("<p>a</p>", ""), CLICKS, headers=own))
    assert without.get_all("List-Unsubscribe") == ["<https://shop.test/u>"]
    assert without["List-Unsubscribe-Post"] is None


def test_equal_attempts_give_equal_octets_and_off_changes_nothing():
    content = compiled('<a href="https://shop.test/{{n}}">x</a>')
    first = mail(content, values={"n": "1"})
    assert first == mail(content, values={"n": "1"})
    off = mail(content, None, values={"n": "1"})
    assert b"t.example.org" not in off.content
    assert b"List-Unsubscribe" not in off.content


pieces = st.lists(
    st.sampled_from(
        ["<a href='https://a.test/?{{v}}&amp;'>", '<a href="{{v}}">', "<p>", "</body>", "{{v}}",
         "<a href=https://a.test>", "<!--", "-->", "x", "'", '"', "<", "&", "<script>", "</script>"]
    )
)  # fmt: skip


@given(pieces.map("".join), st.text(alphabet="a:/'\"<>&# \né"))
def test_any_template_keeps_its_own_words(html, value):
    content = compile_template(html, "")
    if isinstance(content, VariableFault):
        return
    made = linked(content, linker_for(recipe(links=ALL), LINK_KEY))
    assert set(content.html.names) <= set(made.html.names) | {"v"}
    plain = linked(content, linker_for(recipe(links=RecipeLinks(BASE)), LINK_KEY))
    assert plain.html.fill({"v": value}, escape=True) == content.html.fill(
        {"v": value}, escape=True
    )
