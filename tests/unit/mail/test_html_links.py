import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from tayori.mail.html_links import find_links, link_target, unescape_attribute


def hrefs(text: str) -> list[str]:
    return [text[link.start : link.end] for link in find_links(text).links]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('<a href="https://a.test/?x=1&amp;y=2#z">', ["https://a.test/?x=1&amp;y=2#z"]),
        ("<A HREF='http://a.test/\"q\"'>", ['http://a.test/"q"']),
        ("<a href=https://a.test/b>c</a>", ["https://a.test/b"]),
        ("<a\n\tclass=it's\n href = 'u' >", ["u"]),
        ("<area shape=rect href=u><p href=v>", ["u"]),
        ("<a href=u href=v>", ["u"]),
        ("<a name=here><a><a href><a href=>", []),
        ("<a href=''>", [""]),
        ("<a data-no-track href=u><a href=v DATA-NO-TRACK=''><a ses:no-track='' href=w>", []),
        ("<abbr href=u><a/href=v>", ["v"]),
        ("<!-- <a href=u> --><a href=v>", ["v"]),
        ("<!--><a href=v>", ["v"]),
        ("<!--[if mso]><a href=u><![endif]--><![if !mso]><a href=v><![endif]>", ["v"]),
        ("<script>'<a href=u>'</script ><a href=v>", ["v"]),
        ("<STYLE>a<a href=u></STYLEX></style><a href=v>", ["v"]),
        ("<textarea><a href=u></textarea><title><a href=u></title><a href=v>", ["v"]),
        ("<img alt='<a href=u>'><a href=v>", ["v"]),
        ('<a href="u', []),
        ("a < b <a href=v> <3", ["v"]),
        ("<plaintext><a href=u>", []),
        ("<!doctype html><?xml a='>'?><a href=v>", ["v"]),
    ],
)  # fmt: skip
def test_links_are_what_a_browser_takes_for_links(text: str, expected: list[str]) -> None:
    assert hrefs(text) == expected


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("<p>a</p>", ""),
        ("<html><body>a</body></html>", "</body></html>"),
        ("<body>a</BODY \n></html>b", "</BODY \n></html>b"),
        ("<html>a</html>", "</html>"),
        ("a<!-- </body> -->", ""),
        ("a</body>b</body>c", "</body>c"),
        ("<script>'</body>'</script>x", ""),
    ],
)
def test_what_is_added_comes_before_the_end_of_the_body(text: str, before: str) -> None:
    assert text[find_links(text).end :] == before


@pytest.mark.parametrize(
    ("value", "target"),
    [
        ("https://a.test/?a=1&amp;b=2", "https://a.test/?a=1&b=2"),
        ("https://a.test/?a=1&copy=2&reg", "https://a.test/?a=1&copy=2®"),
        ("https://a.test/?q=&#x65e5;&#26412&notit;", "https://a.test/?q=日本&notit;"),
        (" \n HTTP://a.test/\tb\nc ", "HTTP://a.test/bc"),
        ("https://日本.test/あ?い=う#え", "https://日本.test/あ?い=う#え"),
        ("https://a.test/%E3%81%82?x=%26|\\^`{}", "https://a.test/%E3%81%82?x=%26|\\^`{}"),
        *[
            (other, "")
            for other in (
                "mailto:a@b.test", "tel:+81", "sms:1", "data:text/html,x", "#top", "", "//a.test/",
                "/a", "javascript:alert(1)", "ftp://a.test", "https:", "https:///", "cid:x@y",
                "java&#10;script:x", "x-https://a.test",
            )
        ],
    ],
)  # fmt: skip
def test_only_web_addresses_are_followed_and_every_character_counts(
    value: str, target: str
) -> None:
    assert link_target(value) == target


pieces = st.lists(
    st.sampled_from(
        ["<a href='", "<a href=", '"', "'", ">", "u", " ", "<!--", "-->", "<script>", "</script>",
         "=", "/", "<area ", "data-no-track", "</body>", "<", "&amp;", "href", "<p x="]
    )
)  # fmt: skip


@given(st.text() | pieces.map("".join))
def test_any_text_gives_places_within_it(text: str) -> None:
    found = find_links(text)
    behind = 0
    for link in found.links:
        assert behind <= link.start <= link.end <= len(text)
        behind = link.end
    assert 0 <= found.end <= len(text)
    link_target(text)


@given(st.text(alphabet="&#x;=ampcoyltnt1 Z"))
@example("&amp;amp;&ampx&amp=&amp ;")
@example("&#1;&#x1&#127")
def test_references_are_read_as_a_browser_does(value: str) -> None:
    parsed = LexborHTMLParser(f'<a href="{value}">').css_first("a")
    assert parsed is not None
    assert unescape_attribute(value) == (parsed.attributes["href"] or "")


def test_time_is_linear() -> None:
    for unit in ("<a href=", "<!--", "<a ='", "<script>", "=", "<a b=c ", "</body", "&am"):
        assert find_links(unit * 20_000).end <= len(unit) * 20_000
