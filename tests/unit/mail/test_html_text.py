import pytest
from hypothesis import given
from hypothesis import strategies as st

from tayori.mail.html_text import text_from_html


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("plain", "plain"),
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("a<br>b<br><br>c<br><br><br>d", "a\nb\n\nc\n\nd"),
        ("<div>a</div>\n<div>b</div>", "a\nb"),
        ("a  <b> b </b>\n c", "a b c"),
        ("a&nbsp;&lt;b&gt; &copy;", "a <b> ©"),
        (
            '<a href="https://x.example/a?b=1&amp;c=2">see</a>.',
            "see (https://x.example/a?b=1&c=2).",
        ),
        ('<a href="https://x.example/">x.example</a>', "x.example"),
        ('<a href="mailto:a@b.example">a@b.example</a>', "a@b.example"),
        ('<a href="#top">up</a> <a href="javascript:x()">run</a> <a>none</a>', "up run none"),
        ('<a href="https://x.example/"><img src="i.png"></a>', "https://x.example/"),
        (
            '<a href="https://x.example/"><img src="i.png" alt="Logo"></a>',
            "Logo (https://x.example/)",
        ),
        ('<a href="{{link}}">Hello {{name}}</a>', "Hello {{name}} ({{link}})"),
        ('<a href="u"><p>block</p></a><p>next</p>', "block (u)\n\nnext"),
        (
            "<ul><li>one</li><li>two<ul><li>deep</li></ul></li></ul>end",
            "- one\n- two\n  - deep\n\nend",
        ),
        ("<ol><li>one<br>more<li>two</ol>", "1. one\n   more\n2. two".replace("   more", "  more")),
        ("<li>stray", "- stray"),
        ("<ul><li></li><li>x</li></ul>", "- x"),
        ("<table><tr><th>A<th>B<tr><td>1<td>2</table>", "A  B\n1  2"),
        ("<table><tr><td><p>left</p></td><td><p>right</p></td></tr></table>", "left\n\nright"),
        ("a<hr>b", f"a\n{'-' * 40}\nb"),
        ("<pre>  x\n    y\n\nz</pre>", "  x\n    y\n\nz"),
        ("<blockquote>q<br>r</blockquote>s", "> q\n> r\n\ns"),
        ("<script>s()</script><style>p{}</style><title>t</title>x<!-- c -->", "x"),
        ("<head><title>t</title></head><body>x</body>", "x"),
        ('<div style="color:red;display : NONE">pre</div><p hidden>h</p>x', "x"),
        ("<svg><text>s</text></svg><noscript>n</noscript>x", "x"),
        ("x\ud800y", "x?y"),
    ],
)
def test_what_a_reader_of_the_text_sees(html: str, text: str) -> None:
    assert text_from_html(html) == text


def test_depth_costs_neither_stack_nor_time() -> None:
    assert text_from_html("<div>" * 900 + "x" + "</div>" * 900) == "x"
    assert text_from_html("<div>" * 100_000 + "x &amp; y") == "x & y"
    assert text_from_html("<div></b>" * 50_000 + "x") == "x"
    assert len(text_from_html("<ul><li>x" * 400)) < 20_000


def test_a_long_flat_document_keeps_its_form() -> None:
    rows = "<div><a href='u'>x</a></div><p>y</p>" * 1000
    assert text_from_html(rows).count("x (u)\n\ny") == 1000


_PIECES = st.sampled_from(
    ["<a href=x>", "</a>", "<ul>", "</ul>", "<ol>", "<li>", "</li>", "<table>", "<tr>", "<td>",
     "</table>", "<pre>", "</pre>", "<blockquote>", "<br>", "<hr>", "<p>", "</p>", "text", " ",
     "\n", "&amp;", "<script>", "</script>", "<svg>", "<math>", "<template>", "<frameset>",
     "<!--", "-->", "<img alt=i>", "<select>", "<option>", "\x00", "<", "</html>", "<body>"]
)  # fmt: skip


@given(st.text() | st.lists(_PIECES, max_size=40).map("".join))
def test_any_html_gives_a_text(html: str) -> None:
    text = text_from_html(html)
    assert text == text.rstrip()
    assert "\n\n\n" not in text
