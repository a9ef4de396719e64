import pytest
from hypothesis import given
from hypothesis import strategies as st

from tayori.mail.reply import Reply
from tayori.smtp.commands import MailFrom, Offered, RcptTo, decode_xtext, parse_mail, parse_rcpt

OFFERED = Offered(max_message_size=1000, dsn=True)
BARE = Offered(max_message_size=1000, smtputf8=False)


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        (b"FROM:<a@b.example>", MailFrom(return_path="a@b.example")),
        (b"from: <a@b.example> ", MailFrom(return_path="a@b.example")),
        (b"FROM:<>", MailFrom(return_path="")),
        (b"FROM:<@x.example,@y.example:a@b.example>", MailFrom(return_path="a@b.example")),
        (b'FROM:<"a b"@b.example>', MailFrom(return_path='"a b"@b.example')),
        (b'FROM:<"a\\">b"@b.example>', MailFrom(return_path='"a\\">b"@b.example')),
        (
            b"FROM:<a@b.example> SIZE=1000 body=8bitmime",
            MailFrom(return_path="a@b.example", size=1000, body="8BITMIME"),
        ),
        (
            "FROM:<ä@b.example> SMTPUTF8".encode(),
            MailFrom(return_path="ä@b.example", smtputf8=True),
        ),
        (
            b"FROM:<a@b.example> RET=hdrs ENVID=a+2Bb AUTH=<>",
            MailFrom(return_path="a@b.example", ret="HDRS", envid="a+b"),
        ),
        (
            b"FROM:<a@b.example> AUTH=c@d.example",
            MailFrom(return_path="a@b.example", submitter="c@d.example"),
        ),
    ],
)
def test_mail(argument: bytes, expected: MailFrom) -> None:
    assert parse_mail(argument, OFFERED) == expected


@pytest.mark.parametrize(
    ("argument", "code"),
    [
        (b"", 501),
        (b"TO:<a@b.example>", 501),
        (b"FROM:a@b.example", 501),
        (b"FROM:<a@b.example", 501),
        (b"FROM:<a@b@c>", 501),
        (b"FROM:<a@b.example>SIZE=1", 501),
        (b"FROM:<a>", 501),
        (b"FROM:<a b@c>", 501),
        (b"FROM:<\xff@b.example> SMTPUTF8", 501),
        ("FROM:<ä@b.example>".encode(), 553),
        (b"FROM:<" + b"a" * 65 + b"@b.example>", 501),
        (b"FROM:<a@" + b"b" * 260 + b">", 501),
        (b"FROM:<a@b.example> SIZE=1001", 552),
        (b"FROM:<a@b.example> SIZE=x", 501),
        (b"FROM:<a@b.example> SIZE=1 SIZE=1", 501),
        (b"FROM:<a@b.example> BODY=BINARYMIME", 501),
        (b"FROM:<a@b.example> SMTPUTF8=1", 501),
        (b"FROM:<a@b.example> RET=ALL", 501),
        (b"FROM:<a@b.example> ENVID=+zz", 501),
        (b"FROM:<a@b.example> XYZ=1", 555),
        (b"FROM:<a@b.example> =1", 501),
    ],
)
def test_mail_refused(argument: bytes, code: int) -> None:
    refusal = parse_mail(argument, OFFERED)
    assert isinstance(refusal, Reply)
    assert refusal.code == code


@pytest.mark.parametrize("parameter", [b"SMTPUTF8", b"RET=FULL", b"ENVID=1"])
def test_parameters_that_are_not_offered_are_refused(parameter: bytes) -> None:
    refusal = parse_mail(b"FROM:<a@b.example> " + parameter, BARE)
    assert isinstance(refusal, Reply)
    assert refusal.code == 555


def test_requiretls_is_for_encrypted_connections() -> None:
    secure = Offered(max_message_size=1000, requiretls=True)
    wanted = MailFrom(return_path="a@b.example", require_tls=True)
    assert parse_mail(b"FROM:<a@b.example> requiretls", secure) == wanted
    for argument, offered in ((b"REQUIRETLS", OFFERED), (b"REQUIRETLS=yes", secure)):
        refused = parse_mail(b"FROM:<a@b.example> " + argument, offered)
        assert isinstance(refused, Reply)
        assert refused.permanent


def test_rcpt() -> None:
    assert parse_rcpt(b"TO:<a@b.example>", BARE, smtputf8=False) == RcptTo(address="a@b.example")
    assert parse_rcpt(b"TO:<PostMaster>", BARE, smtputf8=False) == RcptTo(address="PostMaster")
    assert parse_rcpt(
        b"TO:<a@b.example> NOTIFY=success,DELAY ORCPT=rfc822;a+40b", OFFERED, smtputf8=False
    ) == RcptTo(
        address="a@b.example", notify=("SUCCESS", "DELAY"), orcpt_type="rfc822", orcpt="a@b"
    )


@pytest.mark.parametrize(
    ("argument", "code"),
    [
        (b"TO:<>", 501),
        (b"TO:<a>", 501),
        (b"TO:a@b.example", 501),
        ("TO:<ä@b.example>".encode(), 553),
        (b"TO:<a@b.example> NOTIFY=NEVER,DELAY", 501),
        (b"TO:<a@b.example> NOTIFY=DELAY,DELAY", 501),
        (b"TO:<a@b.example> NOTIFY=", 501),
        (b"TO:<a@b.example> ORCPT=rfc822", 501),
        (b"TO:<a@b.example> ORCPT=rfc822;" + b"a" * 600, 501),
        (b"TO:<a@b.example> SIZE=1", 555),
    ],
)
def test_rcpt_refused(argument: bytes, code: int) -> None:
    refusal = parse_rcpt(argument, OFFERED, smtputf8=False)
    assert isinstance(refusal, Reply)
    assert refusal.code == code


def test_xtext() -> None:
    assert decode_xtext("a+2Bb+C3+A4") == "a+bä"
    assert decode_xtext("a=b") is None
    assert decode_xtext("+0D+0A") is None
    assert decode_xtext("+FF") is None


@given(st.binary(max_size=80), st.booleans())
def test_any_octets_are_read_or_refused(octets: bytes, utf8: bool) -> None:
    for argument in (octets, b"FROM:<" + octets, b"FROM:<a@b.example> " + octets):
        mail = parse_mail(argument, OFFERED)
        assert isinstance(mail, (MailFrom, Reply))
        if isinstance(mail, MailFrom):
            assert mail.return_path.isprintable()
    for argument in (b"TO:<" + octets, b"TO:<a@b.example> " + octets):
        assert isinstance(parse_rcpt(argument, OFFERED, smtputf8=utf8), (RcptTo, Reply))
