"""Mails that came as a whole: links, pixel and footer in what the reader sees, nothing else."""

import base64
import email
import email.policy
import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.compose.test_links import ALL, BASE, CLICKS, LINK_KEY, WHO, targets
from tests.unit.compose.test_raw import SIGNER, recipe

from tayori.compose.build import Capabilities, build
from tayori.compose.content import own_content
from tayori.compose.footers import footers
from tayori.compose.model import RecipeLinks
from tayori.mail.tracking_token import Purpose, decode, decode_link

HEAD = b"From: News <news@mail.example.org>\r\nSubject: s\r\nMIME-Version: 1.0\r\n"
HTML = '<html><body>Grüße <a href="https://shop.test/?a=1&amp;b=2">x</a></body></html>'


def built(raw, links=ALL, *, eight_bit=False):
    return build(
        recipe(raw, links=links, app_id=WHO.app_id),
        own_content("", ""),
        recipient_id=WHO.recipient_id,
        signers=[SIGNER],
        token_key=b"k" * 32,
        link_key=LINK_KEY,
        capabilities=Capabilities(eight_bit=eight_bit),
    ).content


def parsed(content):
    return email.message_from_bytes(content, policy=email.policy.default)


def part(kind, body, encoding="", extra=b""):
    label = f"Content-Transfer-Encoding: {encoding}\r\n".encode() if encoding else b""
    return b"Content-Type: " + kind.encode() + b"\r\n" + label + extra + b"\r\n" + body + b"\r\n"


def multipart(kind, *parts, boundary=b"=_b"):
    joined = b"".join(b"--" + boundary + b"\r\n" + one for one in parts)
    head = b"Content-Type: multipart/" + kind.encode() + b'; boundary="' + boundary + b'"\r\n\r\n'
    return head + b"pre\r\n" + joined + b"--" + boundary + b"--\r\nafter\r\n"


def leads(address):
    token, link = address.removeprefix(f"{BASE}/c/").split("/")
    assert decode(Purpose.CLICK, token, LINK_KEY) == WHO
    return decode_link(WHO.app_id, link, LINK_KEY)


QUOTED = quopri.encodestring(HTML.encode()).replace(b"\n", b"\r\n")
ENCODED = base64.encodebytes(HTML.encode()).replace(b"\n", b"\r\n")


@pytest.mark.parametrize(
    ("encoding", "body", "charset"),
    [
        ("quoted-printable", QUOTED, "utf-8"),
        ("base64", ENCODED, "UTF-8"),
        ("8bit", HTML.encode(), "utf-8"),
        ("8bit", HTML.encode("latin-1"), "iso-8859-1"),
        ("", HTML.encode(), "us-ascii"),
        ("7bit", HTML.replace("ü", "&uuml;").replace("ß", "&szlig;").encode(), ""),
        ("base64", base64.encodebytes(HTML.encode("utf-16")).replace(b"\n", b"\r\n"), "utf-16"),
    ],
)
def test_the_html_is_tracked_in_its_own_encoding_and_charset(encoding, body, charset):
    kind = f"text/html; charset={charset}" if charset else "text/html"
    for eight_bit in (False, True):
        made = parsed(built(HEAD + part(kind, body, encoding), eight_bit=eight_bit))
        html = made.get_payload(decode=True).decode(charset.replace("us-ascii", "utf-8") or "ascii")
        first, last = targets(html)
        assert leads(first) == "https://shop.test/?a=1&b=2"
        assert last.startswith(f"{BASE}/u/")
        begin, _, rest = html.partition(first)
        assert begin in {HTML.partition("https")[0], '<html><body>Gr&uuml;&szlig;e <a href="'}
        assert rest.startswith('">x</a>' + footers()[2].html[0])
        assert f'<img src="{BASE}/o/' in rest
        assert rest.rstrip().endswith("></body></html>")


def test_other_parts_and_everything_between_stay_as_they_came():
    file = part("text/html; name=a.html", b'<a href="https://shop.test/">', "",
                b"Content-Disposition: attachment; filename=a.html\r\n")  # fmt: skip
    picture = part("image/png", b"iVBORw0KGgo=", "base64", b"Content-ID: <p@x>\r\n")
    text = part("text/plain; charset=utf-8; format=flowed", b"See https://shop.test/ \r\nnow.")
    page = part("text/html; charset=utf-8", QUOTED, "quoted-printable")
    inner = multipart("alternative", text, page, boundary=b"=_i")
    raw = HEAD + multipart("mixed", inner, picture, file)
    made = built(raw, CLICKS)
    for kept in (file, picture, text, b"pre\r\n", b"after\r\n", b"Content-Type: multipart/mixed"):
        assert kept in made
    before, after = raw.split(QUOTED)
    assert before.split(b"\r\n\r\n", 1)[1] in made
    assert made.endswith(after)
    assert made.count(b"shop.test") == 2
    with_footer = parsed(built(raw, RecipeLinks(BASE, language=7)))
    body = with_footer.get_body(("plain",))
    assert body.get_content().startswith("See https://shop.test/ \r\nnow.\r\n\r\n今後")
    assert body.get_param("format") == "flowed"
    assert "配信停止" in with_footer.get_body(("html",)).get_content()


def test_a_footer_that_the_charset_lacks_is_still_read():
    text = part("text/plain; charset=iso-8859-1", "Grüße".encode("latin-1"), "8bit")
    made = parsed(built(HEAD + text, RecipeLinks(BASE, language=8)))
    assert made.get_content().startswith("Grüße\r\n\r\n이 메일을")
    assert made.get_content_charset() == "utf-8"
    page = part("text/html; charset=iso-2022-jp", "<p>便り</p>".encode("iso-2022-jp"), "7bit")
    made = parsed(built(HEAD + page, RecipeLinks(BASE, language=8)))
    assert made.get_content_charset() == "iso-2022-jp"
    assert made.get_content().startswith("<p>便り</p>")
    assert "&#51060;" in made.get_content()
    bare = parsed(
        built(b"From: a@mail.example.org\r\n\r\nHello\r\n", RecipeLinks(BASE, language=7))
    )
    assert bare.get_content().startswith("Hello\r\n\r\n今後")
    assert bare["MIME-Version"] == "1.0"


SIGNED = multipart('signed; protocol="application/pgp-signature"; micalg=pgp-sha256',
                   part("text/html; charset=utf-8", QUOTED, "quoted-printable"),
                   part("application/pgp-signature", b"-----BEGIN PGP SIGNATURE-----"))  # fmt: skip
CLOSED = {
    "signed": SIGNED,
    "encrypted": multipart("encrypted", part("application/pgp-encrypted", b"Version: 1"),
                           part("application/octet-stream", b"-----BEGIN PGP MESSAGE-----")),
    "s/mime": part("application/pkcs7-mime; smime-type=signed-data", b"MIIB", "base64"),
    "inline pgp": part("text/html", b'-----BEGIN PGP MESSAGE-----<a href="https://a.test/">'),
    "a mail inside": part("message/rfc822", b"Subject: x\r\nContent-Type: text/html\r\n\r\n"
                          b'<a href="https://a.test/">'),
    "no such charset": part("text/html; charset=x-own", b'<a href="https://a.test/">'),
    "broken utf-8": part("text/html; charset=utf-8", b'\xff<a href="https://a.test/">', "8bit"),
}  # fmt: skip


@pytest.mark.parametrize("name", CLOSED)
def test_what_may_not_be_changed_is_not(name):
    raw = HEAD + CLOSED[name]
    made = built(raw, eight_bit=True)
    assert made.endswith(raw.partition(b"\r\n\r\n")[2])
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click" in made


def test_signed_inside_a_list_of_parts_is_left_alone():
    raw = HEAD + multipart("mixed", SIGNED, part("text/html", b"<p>own</p>"), boundary=b"=_o")
    made = built(raw)
    assert SIGNED in made
    assert f"<p>own</p>{footers()[2].html[0]}".encode() in made


def test_one_own_list_header_gives_way():
    own = b"List-Unsubscribe: <https://shop.test/u>\r\nList-Unsubscribe-Post: x\r\n"
    raw = HEAD + own + part("text/html", b"<p>a</p>")
    assert parsed(built(raw, CLICKS)).get_all("List-Unsubscribe") == ["<https://shop.test/u>"]
    (ours,) = parsed(built(raw)).get_all("List-Unsubscribe")
    assert ours.startswith(f"<{BASE}/u/")
    assert parsed(built(raw)).get_all("List-Unsubscribe-Post") == ["List-Unsubscribe=One-Click"]


@given(
    st.binary(max_size=200),
    st.sampled_from(["utf-8", "shift_jis", "gb18030", "utf-7", "punycode", "iso-2022-kr", "x"]),
    st.sampled_from(["", "8bit", "base64", "quoted-printable"]),
)
def test_any_octets_compose(body, charset, encoding):
    body = body.replace(b"\0", b"").replace(b"\r", b"").replace(b"\n", b"\r\n")
    body += b"<a href=https://a.test/>"
    if encoding == "base64":
        body = base64.b64encode(body)
    elif encoding == "quoted-printable":
        body = quopri.encodestring(body).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    raw = HEAD + part(f"text/html; charset={charset}", body, encoding)
    first = built(raw, eight_bit=True)
    assert first == built(raw, eight_bit=True)
    assert email.message_from_bytes(first).get_content_type() == "text/html"
