from datetime import UTC, datetime
from email import message_from_bytes, message_from_string
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import default
from email.utils import format_datetime, getaddresses

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tayori.mail import header
from tayori.mail.address import Address, Mailbox, parse_mailbox
from tayori.mail.header import HeaderError

BODY = b"\r\nbody\r\n"
# Text that check_text allows, with the characters that headers find hard among it.
TEXTS = st.text(
    st.sampled_from(list(" \t,;:\"\\()<>@=?_.'%*abcé日😀"))
    | st.characters(codec="utf-8", exclude_categories=("Cc", "Zl", "Zp")),
    max_size=200,
).filter(lambda text: header.check_text(text) is None)


def mailbox(text: str) -> Mailbox:
    parsed = parse_mailbox(text)
    assert isinstance(parsed, Mailbox)
    return parsed


def parse(field: bytes) -> EmailMessage:
    lines = field.split(b"\r\n")
    assert lines[-1] == b""
    assert all(lines[:-1])
    assert all(line.strip(b" \t") for line in lines[:-1])
    assert max(map(len, lines)) <= 998
    return message_from_bytes(field + BODY, policy=default)


def parse_utf8(field: bytes) -> EmailMessage:
    return message_from_string((field + BODY).decode(), policy=default)


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("Subject", "any text\twith a tab, 日本語", None),
        ("X-Tencentcloudses-Cb-Kind", "", None),
        ("", "x", HeaderError.NAME),
        ("A B", "x", HeaderError.NAME),
        ("A:", "x", HeaderError.NAME),
        ("Ä", "x", HeaderError.NAME),
        ("A\n", "x", HeaderError.NAME),
        ("A" * 77, "x", HeaderError.NAME),
        ("A", "x\r\nBcc: y", HeaderError.LINE_BREAK),
        ("A", "x\ny", HeaderError.LINE_BREAK),
        ("A", "x\ry", HeaderError.LINE_BREAK),
        ("A", "x\u2028y", HeaderError.LINE_BREAK),
        ("A", "x\x85y", HeaderError.LINE_BREAK),
        ("A", "x\0", HeaderError.CONTROL),
        ("A", "\x7f", HeaderError.CONTROL),
        ("A", "\ud800", HeaderError.CONTROL),
    ],
)
def test_what_may_be_written(name: str, value: str, error: HeaderError | None) -> None:
    assert header.check_header(name, value) is error
    if error:
        assert error.sentence.endswith(".")


def test_short_ascii_stays_as_it_is() -> None:
    assert header.encode_text(b"Subject", "Hello  you") == b"Subject: Hello  you\r\n"
    assert header.encode_raw(b"X", b"y") == b"X: y\r\n"
    assert header.encode_mailboxes(b"To", []) == b"To: \r\n"
    assert header.encode_mailboxes(
        b"To", [mailbox("A b <a@b.example>"), mailbox("c@d.example")]
    ) == (b"To: A b <a@b.example>, c@d.example\r\n")


@pytest.mark.parametrize(
    "text",
    [
        "word " * 60 + "end",
        "x" * 400,
        "x" * 998,
        "x" * 5000,
        "日本語" * 60,
        "Grüße aus Köln, " * 12 + "!",
        " leading and trailing ",
        "=?UTF-8?Q?not_decoded?=",
        "two  spaces and\ta tab " * 8 + "end",
        "",
        "😀" * 50,
    ],
)
@pytest.mark.parametrize("name", [b"Subject", b"X-" + b"A" * 70])
def test_unstructured_text_reads_the_same(name: bytes, text: str) -> None:
    field = header.encode_text(name, text)
    # The standard library takes the space of a fold right behind a long name for text.
    assert parse(field)[name.decode()] in (text, " " + text if len(name) > 50 else text)
    long_words = b"xxxx" in field
    assert all(len(line) <= 78 or long_words for line in field.split(b"\r\n"))


@given(TEXTS)
@example("0 " * 40)
def test_any_text_reads_the_same(text: str) -> None:
    field = header.encode_text(b"Subject", text)
    assert parse(field)["Subject"] == text
    assert field.isascii()
    wide = header.encode_text(b"Subject", text, utf8=True)
    assert parse_utf8(wide)["Subject"] == text


NAMES = TEXTS.map(lambda text: " ".join(text.replace("\t", " ").split())[:100].strip())
MAILBOXES = st.builds(
    lambda name, local, domain: Mailbox(
        display_name=name, address=Address(local=local, domain=domain)
    ),
    NAMES,
    st.from_regex(r"[a-z0-9+_-]{1,30}", fullmatch=True) | st.just("a b") | st.just('q"\\'),
    st.sampled_from(["example.com", "xn--r8jz45g.jp", "a" * 60 + ".example"]),
)


@given(st.lists(MAILBOXES, min_size=1, max_size=6))
def test_any_mailboxes_read_the_same(mailboxes: list[Mailbox]) -> None:
    field = header.encode_mailboxes(b"Reply-To", mailboxes)
    assert field.isascii()
    wide = header.encode_mailboxes(b"Reply-To", mailboxes, utf8=True)
    addresses = [box.address.addr for box in mailboxes]
    names = [box.display_name for box in mailboxes]
    for parsed in (parse(field), parse_utf8(wide)):
        found = parsed["Reply-To"].addresses
        assert [box.addr_spec for box in found] == addresses
        # This reader keeps the white space between encoded words of a name (RFC 2047 6.2).
        assert [squeezed(box.display_name) for box in found] == [squeezed(name) for name in names]
    # The old reader leaves it to its caller to unfold (RFC 5322 2.2.3).
    old = getaddresses([message_from_bytes(field)["Reply-To"].replace("\r\n", "")])
    assert [str(make_header(decode_header(name))) for name, _ in old] == names


def squeezed(text: str) -> str:
    return "".join(text.split())


def test_an_address_list_folds_between_mailboxes() -> None:
    boxes = [mailbox(f"Reader {place} <reader{place}@example.com>") for place in range(50)]
    field = header.encode_mailboxes(b"To", boxes)
    assert all(len(line) <= 78 for line in field.split(b"\r\n"))
    assert len(parse(field)["To"].addresses) == 50


def test_an_internationalised_address_is_written_in_utf8() -> None:
    field = header.encode_mailboxes(b"To", [mailbox("用户 <用户@例え.jp>")], utf8=True)
    assert field.decode() == 'To: "用户" <用户@xn--r8jz45g.jp>\r\n'


def test_tokens_stay_whole() -> None:
    tokens = [b"<%d@a-rather-long-host-name.example.com>" % place for place in range(10)]
    field = header.encode_tokens(b"References", tokens)
    assert all(len(line) <= 78 for line in field.split(b"\r\n"))
    assert parse(field)["References"].split() == [token.decode() for token in tokens]


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("a.pdf", b'Content-Disposition: attachment; filename="a.pdf"\r\n'),
        ('a"\\.pdf', b'Content-Disposition: attachment; filename="a\\"\\\\.pdf"\r\n'),
        (
            "é.pdf",
            b"Content-Disposition: attachment; filename*=UTF-8''%C3%A9.pdf;\r\n filename=\"_.pdf\"\r\n",
        ),
    ],
)
def test_parameters(name: str, field: bytes) -> None:
    parameter = header.encode_parameter(b"filename", name)
    assert header.encode_parameterised(b"Content-Disposition", b"attachment", parameter) == field


@given(TEXTS.map(str.strip).filter(bool))
@example("日本語の長い名前" * 30 + ".pdf")
@example("a" * 200 + ".pdf")
@example("%E3%81" * 20)
@example("<>")
@example('"a"')
def test_any_file_name_reads_the_same(name: str) -> None:
    parameter = header.encode_parameter(b"filename", name)
    field = header.encode_parameterised(b"Content-Disposition", b"attachment", parameter)
    assert all(len(line) <= 82 for line in field.split(b"\r\n"))
    message = parse(field)
    # `get_filename` would take "<>" for quotes.
    assert message["Content-Disposition"].params["filename"] == name
    # Each section decodes by itself.
    for piece in parameter[:-1]:
        value = piece.partition(b"=")[2].removeprefix(b"UTF-8''")
        header_value = b"attachment; filename*=UTF-8''" + value
        assert "\ufffd" not in str(
            parse(b"Content-Disposition: %b\r\n" % header_value).get_filename()
        )


def test_old_readers_get_a_name_with_its_extension() -> None:
    assert header.ascii_likeness("報告.pdf") == "__.pdf"
    assert header.ascii_likeness("a" * 100 + ".xlsx") == "a" * 55 + ".xlsx"
    assert header.ascii_likeness("b" * 100) == "b" * 60


@given(st.integers(0, 253402300799999))
@example(1_795_478_400_999)
@example(951_782_400_000)
def test_dates(at: int) -> None:
    moment = datetime.fromtimestamp(at // 1000, UTC)
    assert header.format_date(at).decode() == format_datetime(moment)
