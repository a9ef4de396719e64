import quopri
import re
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tayori.mail import mime
from tayori.mail.mime import Entity

LINES = st.text(
    st.sampled_from(list("\r\n\r\n \t.=-From é日😀\x00")) | st.characters(codec="utf-8"),
    max_size=300,
)


def parse(entity: Entity) -> EmailMessage:
    raw = mime.assemble([b"Subject: x\r\n"], entity)
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    message = message_from_bytes(raw, policy=default)
    for part in message.walk():
        assert not part.defects
    return message


def expected_text(text: str) -> str:
    lines = mime.normalise_newlines(text.encode()).decode().replace("\r\n", "\n")
    return lines if lines.endswith("\n") else lines + "\n"


def text_of(message: EmailMessage) -> str:
    payload = message.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode().replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("text", "encoding", "eight_bit_encoding"),
    [
        ("Hello\nworld", "7bit", "7bit"),
        ("", "7bit", "7bit"),
        ("x" * 998, "7bit", "7bit"),
        ("x" * 999, "quoted-printable", "quoted-printable"),
        (
            "Viele Grüße aus der schönen alten Stadt Köln am Rhein, und bis bald",
            "quoted-printable",
            "8bit",
        ),
        ("日本語のメール", "base64", "8bit"),
        ("日" * 333, "base64", "base64"),
        ("From me\nto you, with love", "quoted-printable", "quoted-printable"),
        ("a\nFrom me", "quoted-printable", "quoted-printable"),
        ("nul\0", "base64", "base64"),
        ("=" * 400 + "\n" + "=" * 999, "base64", "base64"),
    ],
)
def test_the_encoding_of_text(text: str, encoding: str, eight_bit_encoding: str) -> None:
    for eight_bit, expected in ((False, encoding), (True, eight_bit_encoding)):
        entity = mime.text_part(text, eight_bit=eight_bit)
        message = parse(entity)
        assert message["Content-Transfer-Encoding"] == expected
        assert text_of(message) == expected_text(text)
        assert entity.eight_bit is (expected == "8bit")


@given(LINES, st.booleans())
@example("From \nFrom x\nFrom  \n", False)
@example("日From x\n" + "From " * 40 + "é", False)
@example("é" + "x" * 73 + "From " * 30, False)
@example("x" * 74 + " \n.\n", False)
def test_any_text_reads_the_same(text: str, eight_bit: bool) -> None:
    entity = mime.text_part(text, b"html", eight_bit=eight_bit)
    message = parse(entity)
    assert message.get_content_type() == "text/html"
    assert text_of(message) == expected_text(text)
    assert entity.body.isascii() or eight_bit
    assert not re.search(rb"^From ", entity.body, re.MULTILINE)


@given(LINES)
@example("From " * 100)
@example("a\n" + "From xxxxxxxxxxxxxx " * 100)
@example("From  \n" * 3)
def test_quoted_printable_keeps_its_rules(text: str) -> None:
    data = mime.normalise_newlines(text.replace("\0", "").encode()) + b"\r\n"
    encoded = mime.encode_quoted_printable(data)
    for line in encoded.split(b"\r\n"):
        assert len(line) <= 76
        assert not line.endswith((b" ", b"\t"))
        assert not line.startswith(b"From ")
        assert re.fullmatch(rb"(?:[ -<>-~\t]|=[0-9A-F]{2})*=?", line)


@given(st.text("aF =.\t\n\r<rom", max_size=400))
@example("=" * 200)
@example("a" * 74 + "=" + "b" * 200)
@example("a" * 73 + "= \n" + "b" * 76 + "\n" + "c" * 77)
@example(" " * 300)
def test_quoted_printable_of_plain_text_reads_the_same(text: str) -> None:
    data = mime.normalise_newlines(text.encode()) + b"\r\n"
    encoded = mime.encode_quoted_printable(data)
    assert quopri.decodestring(encoded) == data
    assert max(map(len, encoded.split(b"\r\n"))) <= 76


@given(st.binary(max_size=300))
def test_quoted_printable_never_stumbles_over_lone_line_ends(data: bytes) -> None:
    encoded = mime.encode_quoted_printable(data)
    assert max(map(len, re.split(rb"\r?\n", encoded))) <= 76


@given(st.binary(max_size=500))
def test_base64_has_lines_of_76(data: bytes) -> None:
    encoded = mime.encode_base64(data)
    lines = encoded.split(b"\r\n")
    assert lines[-1] == b""
    assert all(len(line) == 76 for line in lines[:-2])
    assert all(0 < len(line) <= 76 for line in lines[:-1])


@given(st.binary())
def test_newlines(data: bytes) -> None:
    result = mime.normalise_newlines(data)
    assert result.count(b"\r") == result.count(b"\n") == result.count(b"\r\n")
    assert mime.normalise_newlines(result) == result
    assert result.replace(b"\r\n", b"") == data.replace(b"\r", b"").replace(b"\n", b"")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.PDF", "application/pdf"),
        ("a.tar", "application/x-tar"),
        ("a.ics", "text/calendar"),
        ("a.b.jpeg", "image/jpeg"),
        ("pdf", "application/pdf"),
        ("a.exe", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_content_types(name: str, kind: str) -> None:
    assert mime.content_type_of(name) == kind


def test_every_allowed_attachment_has_a_type() -> None:
    allowed = (
        "xlsx xls ods docx docm doc csv pdf txt gif jpg jpeg png tif tiff rtf bmp cgm css shtml "
        "html htm zip xml ppt pptx tar ez ics mobi msg pub eps odt mp3 m4a"
    )
    assert sorted(allowed.split()) == sorted(mime.CONTENT_TYPES)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a.pdf", "報告書.xlsx", "data.csv", "n" * 251 + ".txt", "é.html"]),
            st.binary(max_size=300) | st.just("日本語\n".encode()),
        ),
        max_size=4,
    ),
    LINES,
    LINES,
    st.booleans(),
)
def test_a_whole_mail_reads_the_same(
    files: list[tuple[str, bytes]], text: str, html: str, eight_bit: bool
) -> None:
    parts = [
        mime.text_part(text, eight_bit=eight_bit),
        mime.text_part(html, b"html", eight_bit=eight_bit),
    ]
    alternative = mime.multipart(b"alternative", parts, b"seed")
    attachments = [mime.attachment_part(name, content) for name, content in files]
    mixed = mime.multipart(b"mixed", [alternative, *attachments], b"seed")
    message = parse(mixed)
    plain, rich = message.get_body(("plain",)), message.get_body(("html",))
    assert isinstance(plain, EmailMessage)
    assert isinstance(rich, EmailMessage)
    assert text_of(plain) == expected_text(text)
    assert text_of(rich) == expected_text(html)
    found = [
        (part.get_filename(), part.get_payload(decode=True), part.get_content_type())
        for part in message.iter_attachments()
    ]
    assert found == [(name, content, mime.content_type_of(name)) for name, content in files]
    assert mixed.eight_bit is any(part.eight_bit for part in parts)
    assert (b"Content-Transfer-Encoding: 8bit\r\n" in mixed.fields) is mixed.eight_bit


def test_a_text_file_in_utf8_says_so() -> None:
    utf8 = mime.attachment_part("a.csv", "é".encode())
    other = mime.attachment_part("a.csv", "é".encode("latin-1"))
    assert utf8.fields[0] == b"Content-Type: text/csv; charset=utf-8\r\n"
    assert other.fields[0] == b"Content-Type: text/csv\r\n"
    given_type = mime.attachment_part("a.csv", b"x", "application/x-own")
    assert given_type.fields[0] == b"Content-Type: application/x-own\r\n"


def test_boundaries_repeat_with_the_seed_and_avoid_the_content() -> None:
    part = mime.text_part("x")
    first = mime.multipart(b"mixed", [part], b"seed")
    assert mime.multipart(b"mixed", [part], b"seed") == first
    assert mime.multipart(b"mixed", [part], b"other").fields != first.fields
    assert mime.multipart(b"alternative", [part], b"seed").body != first.body
    hostile = Entity(part.fields, first.body)
    wrapped = mime.multipart(b"mixed", [hostile], b"seed")
    message = parse(wrapped)
    assert len(list(message.iter_parts())) == 1


def test_a_space_at_the_end_of_a_full_line_stays_within_76_columns() -> None:
    part = mime.text_part("é\n" + "word " * 30)
    assert max(map(len, part.body.split(b"\r\n"))) <= 76
    assert quopri.decodestring(part.body).decode() == "é\r\n" + "word " * 30 + "\r\n"
