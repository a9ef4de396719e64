import pytest
from hypothesis import given
from hypothesis import strategies as st

from tayori.mail.reply import Reply, reply_from_lines
from tayori.runtime.clock import SettableClock
from tayori.smtp.client import valid_ehlo_name
from tayori.smtp.dialogue import Conversation
from tayori.smtp.envelope import Envelope, Timeouts
from tayori.smtp.extensions import Extensions, extensions_of
from tayori.smtp.sasl import MECHANISMS, Credentials, decode_response
from tayori.smtp.tls import TlsPolicy
from tayori.smtp.transaction import envelope_lines


def conversation(extensions: Extensions) -> Conversation:
    return Conversation(
        host_name="mx.receiver.example",
        address="127.0.0.1",
        ehlo_name="mail.sender.example",
        policy=TlsPolicy.NONE,
        timeouts=Timeouts(),
        clock=SettableClock(),
        extensions=extensions,
    )


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a",
        "@b.example",
        "a@",
        "a@b\r\nRCPT TO:<c@d>",
        "a@b\nX",
        "a>@b.example",
        "a@b.example> SIZE=1",
        "a @b.example",
        "a@b c",
        '"a\r\nb"@c.example',
        '"a"b"@c.example',
        "a\x00@b.example",
        "\ud800@b.example",
    ],
)
def test_dangerous_recipients_make_no_envelope(address: str) -> None:
    with pytest.raises(ValueError, match="recipient"):
        Envelope(return_path="", recipients=(address,), size=1)
    if address:
        with pytest.raises(ValueError, match="return path"):
            Envelope(return_path=address, recipients=("a@b.example",), size=1)


def test_an_envelope_needs_a_recipient() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Envelope(return_path="", recipients=(), size=1)


@given(st.text(max_size=30), st.text(max_size=30))
def test_whatever_becomes_an_envelope_stays_in_its_lines(local: str, domain: str) -> None:
    address = f"{local}@{domain}"
    try:
        envelope = Envelope(return_path=address, recipients=(address,), size=1)
    except ValueError:
        return
    for line in envelope_lines(conversation(Extensions()), envelope):
        assert line.endswith(b"\r\n")
        assert line.count(b"\r") == line.count(b"\n") == 1


@pytest.mark.parametrize(
    ("extensions", "line"),
    [
        (Extensions(), "MAIL FROM:<ä@b.example>\r\n"),
        (Extensions(size=0), "MAIL FROM:<ä@b.example> SIZE=5\r\n"),
        (Extensions(eightbit=True), "MAIL FROM:<ä@b.example> BODY=8BITMIME\r\n"),
        (
            Extensions(smtputf8=True, eightbit=True, size=9),
            "MAIL FROM:<ä@b.example> SIZE=5 BODY=8BITMIME SMTPUTF8\r\n",
        ),
    ],
)
def test_only_offered_parameters_are_used(extensions: Extensions, line: str) -> None:
    envelope = Envelope(
        return_path="ä@b.example", recipients=("c@d.example",), size=5, body="8BITMIME"
    )
    assert envelope_lines(conversation(extensions), envelope)[0] == line.encode()


@pytest.mark.parametrize(
    ("name", "valid"),
    [
        ("mail.example", True),
        ("localhost", True),
        ("[127.0.0.1]", True),
        ("[IPv6:2001:db8::1]", True),
        ("mail.example\r\nMAIL", False),
        ("mail.example\n", False),
        ("", False),
        ("mail..example", False),
        ("-mail.example", False),
        ("mail example", False),
        ("ä.example", False),
        ("a" * 64 + ".example", False),
        (".".join(["a" * 60] * 5), False),
    ],
)
def test_ehlo_names(name: str, valid: bool) -> None:
    assert valid_ehlo_name(name) is valid


def test_extensions_are_read_leniently() -> None:
    reply = reply_from_lines(
        250,
        [
            "mx.example PIPELINING",
            "size 1000",
            "8BITMIME",
            "starttls",
            "AUTH PLAIN",
            "AUTH=LOGIN plain",
            "SMTPUTF8 ",
            "ENHANCEDSTATUSCODES",
            "CHUNKING",
            "DSN",
            "REQUIRETLS",
            "X-UNKNOWN 1 2",
            "",
        ],
    )
    assert extensions_of(reply) == Extensions(
        size=1000,
        eightbit=True,
        starttls=True,
        auth=("PLAIN", "LOGIN"),
        smtputf8=True,
        enhanced=True,
        chunking=True,
        dsn=True,
        requiretls=True,
    )


@pytest.mark.parametrize(
    ("line", "size"),
    [
        ("SIZE", 0),
        ("SIZE 0", 0),
        ("SIZE x", 0),
        ("SIZE -1", 0),
        ("SIZE ٣", 0),
        ("SIZE " + "9" * 99, 0),
    ],
)
def test_a_size_that_says_nothing_is_no_limit(line: str, size: int) -> None:
    assert extensions_of(reply_from_lines(250, ["mx", line])).size == size


def test_plain() -> None:
    exchange = MECHANISMS["PLAIN"](b"\0user\0secret")
    with pytest.raises(StopIteration) as stop:
        next(exchange)
    assert stop.value.value == Credentials(user="user", password="secret")
    assert "secret" not in repr(stop.value.value)


@pytest.mark.parametrize(
    "response", [b"", b"user", b"\0user", b"\0\0secret", b"\0user\0", b"a\0b\0c\0d", b"\0\xff\0x"]
)
def test_plain_refused(response: bytes) -> None:
    exchange = MECHANISMS["PLAIN"](None)
    assert next(exchange) == b""
    with pytest.raises(StopIteration) as stop:
        exchange.send(response)
    assert isinstance(stop.value.value, Reply)
    assert stop.value.value.permanent


def test_login() -> None:
    exchange = MECHANISMS["LOGIN"](None)
    assert next(exchange) == b"Username:"
    assert exchange.send(b"user") == b"Password:"
    with pytest.raises(StopIteration) as stop:
        exchange.send(b"secret")
    assert stop.value.value == Credentials(user="user", password="secret")


@given(st.binary(max_size=40))
def test_any_response_is_decoded_or_refused(line: bytes) -> None:
    assert isinstance(decode_response(line), (bytes, Reply))
