from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.accept.test_checks import ACCOUNT, SENDER, box

from tayori.accept.submission import Submission
from tayori.edge.submission.answers import refusal_reply
from tayori.edge.submission.options import Options, read_options
from tayori.edge.submission.reading import read_submission
from tayori.edge.submission.reference import page
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import quote
from tayori.smtp.wire import encode_reply

HEAD = b"From: News <news@mail.example.org>\r\nTo: Ann <a@x.test>\r\nSubject: Hi\r\n"
WRONG = Code.FAILED_OPERATION__PROTOCOL_CHECK_ERR


def read(content, *, smtputf8=False, require_tls=False, envelope=("a@x.test", "b@x.test")):
    return read_submission(
        content,
        [box(address) for address in envelope],
        account=ACCOUNT,
        login=SENDER.address,
        smtputf8=smtputf8,
        require_tls=require_tls,
    )


@pytest.mark.parametrize(
    ("header", "required", "tls"),
    [
        (b"", False, ""),
        (b"TLS-Required: No\r\n", False, "optional"),
        (b"tls-required:  NO \r\n", False, "optional"),
        (b"TLS-Required: yes\r\n", False, ""),
        (b"TLS-Required: No\r\n", True, "require"),
    ],
)
def test_what_a_mail_asks_about_tls(header, required, tls):
    found = read(HEAD + header + b"\r\nx\r\n", require_tls=required)
    assert isinstance(found, Submission)
    assert found.tls == tls


def test_the_page_of_replies_is_current():
    docs = Path(__file__).parents[4] / "docs" / "smtp-replies.md"
    assert docs.read_text("utf-8") == page()


REFUSED = {
    "no From": (b"Subject: x\r\n\r\nx\r\n", WRONG),
    "two senders": (b"From: a@x.test, b@x.test\r\n\r\nx\r\n", WRONG),
    "no mail": (b"\x00", WRONG),
    "version": (HEAD + b"MIME-Version: 2.0\r\n\r\nx\r\n", WRONG),
    "circle": (b"Received: x\r\n" * 51 + HEAD + b"\r\nx\r\n", WRONG),
    "latin header": (HEAD + b"X-A: \xe4\r\n\r\nx\r\n", WRONG),
    "international address": (HEAD + "Cc: 便@x.test\r\n\r\nx\r\n".encode(), WRONG),
    "latin text": (HEAD + b"\r\n\xe4\r\n", WRONG),
    "bad base64": (
        HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n!\r\n",
        Code.INVALID_PARAMETER_VALUE__ATTACH_CONTENT_IS_WRONG,
    ),
    "unknown option": (HEAD + b"X-Tayori-Templat: 1\r\n\r\nx\r\n", Code.INVALID_PARAMETER_VALUE),
    "option twice": (
        HEAD + b"X-Tayori-Trigger-Type: 1\r\n" * 2 + b"\r\nx\r\n",
        Code.INVALID_PARAMETER_VALUE,
    ),
    "option value": (HEAD + b"X-Tayori-Unsubscribe: 13\r\n\r\nx\r\n", Code.INVALID_PARAMETER_VALUE),
    "data alone": (
        HEAD + b'X-Tayori-Template-Data: {"a": 1}\r\n\r\nx\r\n',
        Code.INVALID_PARAMETER_VALUE__IN_VALID_TEMPLATE_DATA,
    ),
    "data": (
        HEAD + b"X-Tayori-Template-Id: 5\r\nX-Tayori-Template-Data: [1]\r\n\r\nx\r\n",
        Code.INVALID_PARAMETER_VALUE__IN_VALID_TEMPLATE_DATA,
    ),
    "template to nobody": (HEAD + b"Cc: x y z\r\nX-Tayori-Template-Id: 5\r\n\r\nx\r\n", WRONG),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused_with_a_sentence(name):
    content, code = REFUSED[name]
    refusal = read(content)
    assert isinstance(refusal, Refusal)
    assert refusal.code == code
    assert refusal.detail.endswith(".")
    assert refusal_reply(refusal).permanent


def test_a_mail_becomes_a_submission_with_its_parts():
    content = (
        HEAD.replace(b"Hi", b"=?utf-8?b?5L6/?=")
        + b"Message-ID: <m@x>\r\nX-Tencentcloudses-Cb-Kind: =?utf-8?q?a?=\r\n"
        + b"X-Tayori-Trigger-Type: 1\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        + b"--b\r\n\r\ntext\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>\r\n"
        + b"--b\r\nContent-Type: image/png\r\nContent-ID: <a>\r\n\r\n12345\r\n"
        + b"--b\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nfile\r\n--b--\r\n"
    )
    made = read(content)
    assert isinstance(made, Submission)
    assert (made.subject, made.text, made.html, made.trigger) == ("便", "text", "<p>", True)
    assert [(file.file_name, file.content) for file in made.attachments] == [("a.txt", b"file")]
    assert (made.raw.octets, made.raw.other_size) == (content, 5)
    assert made.headers == (("X-Tencentcloudses-Cb-Kind", "a"),)
    assert made.rfc_message_id == "<m@x>"
    assert [mailbox.address.addr for mailbox in made.to] == ["a@x.test", "b@x.test"]
    assert made.login == SENDER.address


def test_signatures_are_no_attachments():
    content = HEAD + (
        b"Content-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n\r\ntext\r\n"
        b"--s\r\nContent-Type: application/pkcs7-signature; name=smime.p7s\r\n"
        b"Content-Disposition: attachment; filename=smime.p7s\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--s--\r\n"
    )
    assert read(content).attachments == ()


def test_a_template_takes_the_place_of_the_text():
    made = read(
        HEAD
        + b"Cc: b@x.test, not-sent-to@x.test\r\nReply-To: r@x.test\r\nIn-Reply-To: <x@y>\r\n"
        + b'X-Tayori-Template-Id: 5\r\nX-Tayori-Template-Data: {"a": 1, "b": true, "c": null}\r\n'
        + b"Received: x\r\nContent-Language: en\r\n\r\nx\r\n",
        envelope=("a@x.test", "b@x.test", "c@x.test"),
    )
    assert isinstance(made, Submission)
    assert (made.template_id, made.values) == (5, {"a": "1", "b": "true", "c": ""})
    assert (made.raw, made.own_content) == (None, False)
    shown = [[m.address.addr for m in some] for some in (made.to, made.cc, made.bcc, made.reply_to)]
    assert shown == [["a@x.test"], ["b@x.test"], ["c@x.test"], ["r@x.test"]]
    assert made.to[0].display_name == "Ann"
    assert made.headers == (("In-Reply-To", "<x@y>"),)


OCTETS = st.lists(
    st.sampled_from(
        [
            *(
                b"\r\n",
                b"--b",
                b"--",
                b"\r\n\r\n",
                b" ",
                b"\xe4",
                b"\xe4\xbe\xbf",
                b"a@x.test",
                b",",
            ),
            *(
                b"From: ",
                b"To: ",
                b"Subject: ",
                b"Bcc: ",
                b"From: a@x.test\r\n",
                b"=?utf-8?q?=00?=",
            ),
            *(b"X-Tayori-Template-Id: 5\r\n", b"X-Tayori-Template-Data: {}\r\n", b"x", b"\0"),
            b"Content-Type: multipart/mixed; boundary=b\r\n",
            b"Content-Transfer-Encoding: base64\r\n",
            b"Content-Disposition: attachment; filename*=utf-16''%00\r\n",
        ]
    ),
    max_size=20,
).map(b"".join)


@given(OCTETS | st.binary(max_size=100).map(lambda tail: HEAD + tail), st.booleans())
def test_any_octets_become_a_submission_of_their_owner_or_a_refusal(content, smtputf8):
    made = read(content, smtputf8=smtputf8)
    if isinstance(made, Refusal):
        line = encode_reply(refusal_reply(made))
        assert line[:1] in b"45"
        assert line.endswith(b"\r\n")
        return
    assert made.account is ACCOUNT
    assert made.login is SENDER.address


@given(st.lists(st.text(max_size=20), max_size=4))
def test_any_option_is_read_or_refused(texts):
    names = (b"X-Tayori-Template-Data", b"X-Tayori-Template-Id", b"X-Tayori-Task-Tag", b"X-Tayori-")
    fields = [
        b"%b: %b\r\n"
        % (name, text.encode("utf-8", "replace").replace(b"\n", b"").replace(b"\r", b""))
        for name, text in zip(names, texts, strict=False)
    ]
    assert isinstance(read_options(fields), Options | Refusal)


def test_a_long_refusal_is_said_in_lines_that_clients_read():
    reply = refusal_reply(refuse(WRONG, quote("x " * 900)))
    assert len(reply.lines) > 1
    assert max(map(len, encode_reply(reply).split(b"\r\n"))) <= 512
