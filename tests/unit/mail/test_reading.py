from email.message import EmailMessage

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tayori.mail.reading import decode_text, read_mail


def test_the_parts_of_an_ordinary_mail() -> None:
    message = EmailMessage()
    message["From"] = "便り <news@shop.test>"
    message["To"] = "aiko@example.jp"
    message["Subject"] = "お知らせ"
    message.set_content("こんにちは\n", charset="iso-2022-jp")
    message.add_alternative('<p><img src="cid:logo"></p>', subtype="html")
    related = message.get_payload()[1]  # type: ignore[index]
    related.add_related(b"\x89PNG", "image", "png", cid="<logo>")  # type: ignore[union-attr]
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="請求書.pdf")
    read = read_mail(message.as_bytes())
    assert read.sender == "便り <news@shop.test>"
    assert read.subject == "お知らせ"
    assert read.text == "こんにちは\n"
    assert read.snippet == "こんにちは"
    assert [part.name for part in read.attachments] == ["part-1", "請求書.pdf"]
    assert read.attachments[1].content == b"%PDF"
    assert "data:image/png;base64,iVBORw==" in read.html_with_images()
    assert ("Subject", "お知らせ") in read.headers


def test_only_html_gives_a_snippet() -> None:
    read = read_mail(b"Content-Type: text/html\r\n\r\n<style>p{}</style><p>Hello   <b>you</b></p>")
    assert read.snippet == "Hello you"
    assert read.text == ""


def test_a_mail_within_the_mail_is_an_attachment() -> None:
    inner = EmailMessage()
    inner["Subject"] = "inner"
    inner.set_content("inside")
    outer = EmailMessage()
    outer.set_content("outside")
    outer.add_attachment(inner, filename="inner.eml")
    read = read_mail(outer.as_bytes())
    assert read.text == "outside\n"
    assert b"Subject: inner" in read.attachments[0].content


@pytest.mark.parametrize(
    ("data", "charset", "text"),
    [
        ("größe".encode("latin-1"), "iso-8859-1", "größe"),
        ("你好".encode("gb18030"), "GB18030", "你好"),
        ("héllo".encode(), "no-such-charset", "héllo"),
        (b"\xff\xfe", "utf-8", "\ufffd\ufffd"),
        (b"abc", "hex", "abc"),
        (b"abc-", "punycode", "abc-"),
        (b"\\x41", "unicode_escape", "\\x41"),
        (b"x", "a\x00b", "x"),
        (b"+2AA-", "utf-7", "?"),
    ],
)
def test_texts_in_any_charset(data: bytes, charset: str, text: str) -> None:
    assert decode_text(data, charset) == text


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n",
        b"no headers at all",
        b"Content-Type: multipart/mixed\r\n\r\nno boundary",
        b'Content-Type: multipart/mixed; boundary="a"\r\n\r\n--a\r\n--a\r\n--a--',
        b'Content-Type: text/plain; charset="\xff\xfe"\r\n\r\nhi',
        b"Content-Type: text/plain; charset*=x''%ff\r\n\r\nhi",
        b"Content-Transfer-Encoding: base64\r\n\r\n%%%%",
        b"Content-Type: message/rfc822\r\n\r\n",
        b"Content-Disposition: attachment; filename*0*=x'\r\n\r\nhi",
        b"Content-Type: ;;;===\r\nFrom: <<<>>>\r\n\r\nhi",
        b"From: =?utf-8?b?\xff?= <a@b\r\n\r\n",
        b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\nAction: failed",
    ],
)
def test_malformed_mails_are_read_anyway(raw: bytes) -> None:
    read = read_mail(raw)
    msgspec.json.encode(read)
    assert read.html_with_images() == read.html


def test_deep_nesting_and_many_parts_end() -> None:
    deep = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (level, level)
        for level in range(300)
    )
    read_mail(deep + b"\r\ntext")
    many = b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + b"--b\r\n\r\nx\r\n" * 1000
    assert len(read_mail(many).attachments) == 199


_LINES = st.sampled_from(
    [
        b"Content-Type: multipart/mixed; boundary=b\r\n",
        b"Content-Type: text/html; charset=utf-7\r\n",
        b"Content-Type: message/rfc822\r\n",
        b"Content-Transfer-Encoding: base64\r\n",
        b"Content-Transfer-Encoding: quoted-printable\r\n",
        b'Content-Disposition: attachment; filename="=?utf-7?q?+2AA-?="\r\n',
        b"Content-ID: <\xff\xfe>\r\n",
        b"Subject: =?iso-2022-jp?b?GyRC?=\r\n",
        b"\r\n",
        b"--b\r\n",
        b"--b--\r\n",
    ]
)


@given(st.lists(st.one_of(_LINES, st.binary(max_size=60)), max_size=25))
def test_any_octets_are_read_and_can_be_told(pieces: list[bytes]) -> None:
    read = read_mail(b"".join(pieces))
    msgspec.json.encode(read)
    assert len(read.snippet) <= 140
