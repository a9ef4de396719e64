import functools

import dkim
import msgspec
import pytest

from tayori.compose.build import Capabilities, CompositionError, build
from tayori.compose.content import own_content
from tayori.compose.model import Recipe, RecipeMailbox, decode_recipe, encode_recipe
from tayori.mail.dkim import RsaSigner, generate_rsa

PAIR = generate_rsa(1024)
SIGNER = RsaSigner(pem=PAIR[0], domain="mail.example.org", selector="t")
BODY = "Grüße\r\n.\r\nFrom here\r\n".encode()
HEAD = (
    b"Received: from a by b; x\r\nReturn-Path: <x@y>\r\nDKIM-Signature: v=1;\r\n b=abc\r\n"
    b"Authentication-Results: a; dkim=pass\r\nARC-Seal: x\r\nResent-From: <a@b>\r\n"
    b"Bcc: secret@x.test\r\nX-Tayori-Trigger-Type: 1\r\nFeedback-ID: forged\r\n"
    b"From: News <news@mail.example.org>\r\nReply-To: r@x.test\r\nSubject:  two  spaces\r\n"
    b"List-Unsubscribe: <https://x.test/u>\r\nX-Own: kept\r\n"
)
TYPED = b"Content-Type: text/plain; charset=utf-8\r\n"


def recipe(raw, **changes):
    base = Recipe(
        public_id="qcloudses-30-1-date-20260921000000-abcdefghijklm",
        app_id=1,
        identity_id=1,
        domain="mail.example.org",
        date_at=1_790_000_000_000,
        rfc_message_id="<id@mail.example.org>",
        header_from=RecipeMailbox("news@mail.example.org"),
        subject="two spaces",
        raw=raw,
    )
    return decode_recipe(encode_recipe(msgspec.structs.replace(base, **changes)))


def mail(raw, *, eight_bit=False, smtputf8=False, **changes):
    return build(
        recipe(raw, **changes),
        own_content("", ""),
        recipient_id=7,
        signers=[SIGNER],
        token_key=b"k" * 32,
        capabilities=Capabilities(eight_bit=eight_bit, smtputf8=smtputf8),
    )


def lookup(name, timeout=5):
    return b"v=DKIM1; k=rsa; p=" + PAIR[1].encode()


def names(content):
    head = content.partition(b"\r\n\r\n")[0]
    return [line.partition(b":")[0].lower() for line in head.split(b"\r\n") if line[:1] != b" "]


def test_the_header_is_finished_and_the_body_stays_as_it_came():
    made = mail(HEAD + TYPED + b"\r\n" + BODY, eight_bit=True)
    assert made.content.endswith(b"\r\n\r\n" + BODY)
    assert made.eight_bit
    assert not made.smtputf8
    assert made.return_path.endswith("@mail.example.org")
    assert sorted(names(made.content)) == sorted(
        [
            b"dkim-signature",
            b"feedback-id",
            b"date",
            b"message-id",
            b"to",
            b"mime-version",
            b"from",
            b"reply-to",
            b"subject",
            b"list-unsubscribe",
            b"x-own",
            b"x-report-ref",
            b"content-type",
            b"content-transfer-encoding",
        ]
    )
    assert b"Subject:  two  spaces\r\n" in made.content
    assert b"Feedback-ID: 0:normal:1:tayori\r\n" in made.content
    assert b"To: undisclosed-recipients:;\r\n" in made.content
    assert dkim.verify(made.content, dnsfunc=functools.partial(lookup))
    assert mail(HEAD + TYPED + b"\r\n" + BODY, eight_bit=True) == made


def test_without_eightbitmime_the_text_is_encoded_and_still_signed():
    made = mail(HEAD + TYPED + b"\r\n" + BODY)
    assert not made.eight_bit
    assert made.content.isascii()
    assert b"Content-Transfer-Encoding: quoted-printable\r\n" in made.content
    assert dkim.verify(made.content, dnsfunc=functools.partial(lookup))


def test_what_a_signature_covers_is_never_encoded():
    signed = (
        b"Content-Type: multipart/signed; boundary=s; protocol=x; micalg=y\r\n\r\n"
        b"--s\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\xc3\xa4\r\n--s\r\n\r\nsig\r\n--s--\r\n"
    )
    made = mail(HEAD + signed)
    assert made.eight_bit
    assert made.content.endswith(signed.partition(b"\r\n\r\n")[2])


def test_good_ids_dates_and_senders_stay_and_bad_ones_are_replaced():
    good = b"Message-ID: <id@mail.example.org>\r\nDate: Mon, 21 Sep 2026 10:00:00 +0800\r\n"
    content = mail(HEAD + good + b"Sender: s@mail.example.org\r\n\r\nx\r\n").content
    assert content.count(b"Message-ID:") == content.count(b"Date:") == 1
    assert b"+0800" in content
    assert b"Sender: s@mail.example.org" in content
    bad = (
        b"Message-ID: <a b>\r\nDate: yesterday\r\nSender: s@other.test\r\nTo: \r\nCc: c@x.test\r\n"
    )
    content = mail(HEAD + bad + b"\r\nx\r\n").content
    assert b"Message-ID: <id@mail.example.org>\r\n" in content
    assert b"yesterday" not in content
    assert b"Sender" not in content
    assert b"To:" not in content.replace(b"Reply-To:", b"")


def test_a_header_without_body_and_bare_text_of_eight_bits_go_out_readable():
    assert mail(b"From: news@mail.example.org\r\n").content.endswith(b"\r\n\r\n")
    made = mail(b"From: news@mail.example.org\r\n\r\n" + BODY, eight_bit=True)
    assert b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n" in made.content


def test_international_headers_are_encoded_unless_an_address_is_one():
    text = "From: 便り <news@mail.example.org>\r\nTo: {}\r\nSubject: 便\r\n\r\nx\r\n"
    made = mail(text.format("a@x.test").encode(), smtputf8=True)
    assert not made.smtputf8
    assert made.content.isascii()
    assert dkim.verify(made.content, dnsfunc=functools.partial(lookup))
    assert mail(text.format("便@x.test").encode()).smtputf8


def test_a_tag_names_the_stream_and_a_damaged_recipe_is_said():
    made = mail(HEAD + b"\r\nx\r\n", tag="welcome", trigger=True)
    assert b"Feedback-ID: welcome:trigger:1:tayori\r\n" in made.content
    with pytest.raises(CompositionError, match="cannot be read"):
        mail(b"no mail\r\n")
