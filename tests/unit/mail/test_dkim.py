import re
from email import message_from_bytes
from email.policy import default
from itertools import product

import dkim as dkimpy
import dkim.canonicalization
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from hypothesis import example, given
from hypothesis import strategies as st
from tests.support.dkim_verifiers import verify_all

from tayori.mail import header, mime
from tayori.mail.address import Mailbox, parse_mailbox
from tayori.mail.dkim import (
    RsaSigner,
    body_hash,
    canonical_body,
    canonical_header,
    generate_rsa,
    signature_fields,
    signature_header,
)
from tayori.mail.dkim_record import record_text
from tayori.mail.message import split_message

AT = 1_795_478_400_000
SMALL, LARGE = generate_rsa(1024), generate_rsa(2048)
SIGNERS = (
    RsaSigner(pem=SMALL.pem, domain="example.com", selector="small"),
    RsaSigner(pem=LARGE.pem, domain="example.com", selector="large"),
)
DNS = {
    "small._domainkey.example.com": record_text(SMALL.public_b64),
    "large._domainkey.example.com": record_text(LARGE.public_b64),
}


def sign(raw: bytes, signers: tuple[RsaSigner, ...] = SIGNERS) -> bytes:
    message = split_message(raw)
    signatures = signature_fields(message.fields, body_hash(message.body), signers, signed_at=AT)
    return b"".join(signatures) + raw


def mailbox(text: str) -> Mailbox:
    parsed = parse_mailbox(text)
    assert isinstance(parsed, Mailbox)
    return parsed


def compose(text: str, *, eight_bit: bool, subject: str, attachment: bool, tall: bool) -> bytes:
    parts = [
        mime.text_part(text, eight_bit=eight_bit),
        mime.text_part(f"<p>{text}</p>", b"html", eight_bit=eight_bit),
    ]
    entity = mime.multipart(b"alternative", parts, b"seed")
    if attachment:
        file = mime.attachment_part("報告.pdf", bytes(range(256)))
        entity = mime.multipart(b"mixed", [entity, file], b"seed")
    recipients = [mailbox(f"読者 {place} <r{place}@example.net>") for place in range(20 * tall + 1)]
    fields = [
        header.encode_raw(b"Date", header.format_date(AT)),
        header.encode_mailboxes(b"From", [mailbox("便り <tayori@example.com>")]),
        header.encode_mailboxes(b"To", recipients),
        header.encode_text(b"Subject", subject),
        header.encode_raw(b"Message-ID", b"<1@example.com>"),
        header.encode_tokens(
            b"List-Unsubscribe", [b"<mailto:u@example.com>,", b"<https://u.example/1>"]
        ),
        header.encode_raw(b"List-Unsubscribe-Post", b"List-Unsubscribe=One-Click"),
        header.encode_raw(b"Feedback-ID", b"a:b:c:tayori"),
    ]
    return mime.assemble(fields, entity)


def test_both_verifiers_accept_every_mail() -> None:
    texts = (
        "Hello\n",
        "  white \t space  \n\n\n",
        "日本語\n" * 50,
        "Grüße " * 300,
        "From x\n.\n..\n",
        "",
    )
    subjects = ("Plain", "日本語の件名" * 20)
    mails = [
        sign(compose(text, eight_bit=bits, subject=subject, attachment=file, tall=tall))
        for text, subject, bits, file, tall in product(
            texts, subjects, (False, True), (False, True), (False, True)
        )
    ]
    for mail, verdict in zip(mails, verify_all(mails, DNS), strict=True):
        assert verdict.passed, (verdict, mail)
        assert [signature.selector for signature in verdict.mailauth] == ["small", "large"]


def test_both_verifiers_refuse_what_was_changed() -> None:
    mail = sign(compose("Hello\n", eight_bit=False, subject="One", attachment=False, tall=False))
    changed = [
        mail.replace(b"Subject: One", b"Subject: Two"),
        mail.replace(b"Hello", b"Hallo"),
        mail.replace(b"From: ", b"From: evil@example.org\r\nFrom: ", 1),
        mail.replace(b"Subject: One", b"Subject: One\r\nSubject: Two"),
        mail.replace(b"Subject: One", b"Subject: One\r\nTo: else@example.org"),
        mail.replace(b"One-Click", b"Two-Click"),
    ]
    for verdict in verify_all(changed, DNS):
        assert not any(verdict.dkimpy)
        assert not any(signature.result == "pass" for signature in verdict.mailauth)


def test_relays_may_change_white_space() -> None:
    mail = sign(compose("a  b \n", eight_bit=False, subject="One two", attachment=False, tall=True))
    changed = mail.replace(b"Subject: One two", b"SUBJECT:\tOne  \r\n two ").replace(
        b"a  b \r\n", b"a\t b\r\n"
    )
    assert changed != mail
    assert verify_all([changed + b"\r\n\r\n"], DNS)[0].passed


def test_mails_as_strangers_write_them() -> None:
    raws = [
        b"From: a@example.com\r\n\r\n",
        b"from:a@example.com\r\nX: y\r\n\r\nbody without an end",
        b"From: a@example.com\r\nTo:\r\n b@example.net,\r\n\tc@example.net\r\n\r\n\r\n\r\n",
        b"Reply-To: x@example.com\r\nFrom: a@example.com\r\nReply-To: y@example.com\r\n\r\n \t\r\nx\r\n",
        b"From: a@example.com\r\nSubject: \r\nCc:  c@example.net \r\n\r\nx\r\n",
    ]
    mails = [sign(raw) for raw in raws]
    for mail, verdict in zip(mails, verify_all(mails, DNS), strict=True):
        assert verdict.passed, (verdict, mail)


def test_an_internationalised_mail() -> None:
    entity = mime.text_part("本文\n", eight_bit=True)
    fields = [
        header.encode_mailboxes(b"From", [mailbox("便り <tayori@example.com>")], utf8=True),
        header.encode_mailboxes(b"To", [mailbox("用户 <用户@例え.jp>")], utf8=True),
        header.encode_text(b"Subject", "件名 " * 40, utf8=True),
    ]
    mail = sign(mime.assemble(fields, entity))
    assert "用户@xn--r8jz45g.jp".encode() in mail
    assert verify_all([mail], DNS)[0].passed


def test_the_form_of_a_signature() -> None:
    fields = [
        b"From: a@example.com\r\n",
        b"To: b@example.net\r\n",
        b"X-Own: unsigned\r\n",
        b"Reply-To: c@example.com\r\n",
    ]
    field = signature_header(fields, body_hash(b"x\r\n"), SIGNERS[0], signed_at=AT + 999)
    text = re.sub(rb"\s+", b" ", field).decode()
    assert text.startswith(
        "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=small; t=1795478400;"
        " h=from:from:to:to:subject:reply-to; bh="
    )
    assert all(len(line) <= 78 for line in field.split(b"\r\n"))
    assert signature_header(fields, body_hash(b"x\r\n"), SIGNERS[0], signed_at=AT) == field
    assert b"t=" not in signature_header(fields, b"h", SIGNERS[0]).partition(b"bh=")[0]
    message = message_from_bytes(field + b"".join(fields) + b"\r\nx\r\n", policy=default)
    assert not message.defects


def test_every_field_with_a_meaning_is_signed() -> None:
    mail = compose("x", eight_bit=False, subject="x", attachment=False, tall=False)
    fields = split_message(mail).fields
    signature = signature_header(fields, b"h", SIGNERS[0])
    listed = re.sub(rb"\s", b"", signature).partition(b"h=")[2].partition(b";")[0].split(b":")
    present = [field.partition(b":")[0].lower() for field in fields]
    assert sorted(listed) == sorted([*present, b"from", b"to", b"subject"])


def test_another_kind_of_key_is_refused() -> None:
    pem = ed25519.Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    with pytest.raises(ValueError, match="RSA"):
        RsaSigner(pem=pem, domain="example.com", selector="s")


def test_a_public_key_fits_its_private_key() -> None:
    key = serialization.load_pem_private_key(LARGE.pem, password=None)
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    assert serialization.load_der_public_key(public).key_size == 2048  # type: ignore[union-attr]


BODIES = st.lists(
    st.sampled_from(
        [b"a", b" ", b"  ", b"\t", b"\r\n", b"\r\n\r\n", b".", b"\xff", b"word", b"\x0b"]
    )
).map(b"".join)


@given(BODIES)
@example(b"")
@example(b"\r\n\r\n")
@example(b" \r\n\t \r\n")
@example(b" C \r\nD \t E\r\n\r\n\r\n")
def test_the_body_in_relaxed_form(body: bytes) -> None:
    # RFC 6376 3.4.4, written by its words.
    lines = [re.sub(rb"[ \t]+\Z", b"", re.sub(rb"[ \t]+", b" ", x)) for x in body.split(b"\r\n")]
    while lines and not lines[-1]:
        lines.pop()
    assert canonical_body(body) == b"".join(line + b"\r\n" for line in lines)
    # dkimpy leaves white space at the end of a last line that has no line break.
    if body.endswith(b"\r\n"):
        assert canonical_body(body) == dkimpy.canonicalization.Relaxed.canonicalize_body(body)


@given(st.binary(max_size=60) | st.lists(st.sampled_from([b"\r", b"\n", b" ", b"a"])).map(b"".join))
def test_any_body_has_one_relaxed_form(body: bytes) -> None:
    once = canonical_body(body)
    assert once == b"" or once.endswith(b"\r\n")
    assert not once.endswith(b"\r\n\r\n")
    assert canonical_body(once) == once


def test_many_empty_lines_cost_little() -> None:
    assert canonical_body(b"x" + b"\r\n" * 1_000_000) == b"x\r\n"
    assert canonical_body(b"x" + b"\r\n" * 500_000 + b"\n" + b"\r\n" * 500_000).startswith(
        b"x\r\n\r\n"
    )


@pytest.mark.parametrize(
    ("field", "canonical"),
    [
        (b"A: X\r\n", b"a:X\r\n"),
        (b"B : Y\t\r\n\tZ  \r\n", b"b:Y Z\r\n"),
        (b"Subject:\r\n  one\r\n two\r\n", b"subject:one two\r\n"),
        (b"Empty:\r\n", b"empty:\r\n"),
        (b"X: a\x0b b\x0c\r\n", b"x:a\x0b b\x0c\r\n"),
    ],
)
def test_a_field_in_relaxed_form(field: bytes, canonical: bytes) -> None:
    assert canonical_header(field) == canonical
