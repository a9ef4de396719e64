"""Reports, complaints and nested mails of any shape: always an answer, never a surprise.

What may vary is everything that a stranger writes: fields that repeat, are missing, are folded or
hold any octets, parts in any order and depth, encodings that lie about their content.
"""

import base64

from hypothesis import given, settings
from hypothesis import strategies as st

from tayori.classify.model import Action, BounceClass
from tayori.inbound.model import ReturnKind
from tayori.inbound.understand import understand
from tayori.mail.bounce_text import LONGEST_WORDS, MOST_SECTIONS
from tayori.mail.returned import LONGEST_TEXT, MOST_PARTS, read_returned

FIELDS = (
    *("Reporting-MTA", "Final-Recipient", "Original-Recipient", "Action", "Status"),
    *("Diagnostic-Code", "Remote-MTA", "Will-Retry-Until", "X-Other", "Arrival-Date"),
)
COMPLAINT_FIELDS = (
    *("Feedback-Type", "User-Agent", "Version", "Original-Mail-From", "Original-Rcpt-To"),
    *("Removal-Recipient", "Source-IP", "Reported-Domain", "Incidents"),
)
VALUES = st.one_of(
    st.sampled_from(
        [
            *(
                "rfc822; ann@receiver.example",
                "rfc822;<ann@receiver.example>",
                "utf-8; ä@ö.example",
            ),
            *("x400; /G=A/", "failed", "delayed (for now)", "delivered", "5.1.1", "5.1.1 (bad)"),
            *("4.4.1", "9.9.9", "smtp; 550 5.1.1 no", "550 5.1.1 no", "abuse", "not-spam", ""),
            *("<redacted>", "=?utf-8?B?////?=", "dns; [192.0.2.1]", "smtp; 250 fine"),
        ]
    ),
    st.text(max_size=60),
    st.binary(max_size=60).map(lambda raw: raw.decode("latin-1")),
)
LINE_ENDS = st.sampled_from(["\n", "\r\n", "\n\n", "\n\t", "\r"])
KINDS = st.sampled_from(
    [
        *("message/delivery-status", "message/global-delivery-status", "message/feedback-report"),
        *("message/disposition-notification", "message/rfc822", "text/rfc822-headers"),
        *("message/global-headers", "text/plain", "text/html", "text/plain; charset=gb18030"),
        *(
            "text/plain; charset=nonsense",
            "application/octet-stream",
            "message/partial",
            "nonsense",
        ),
    ]
)
ENCODINGS = st.sampled_from(["", "7bit", "8bit", "base64", "quoted-printable", "x-uuencode", "?"])


@st.composite
def report_bodies(draw, names):
    lines = draw(st.lists(st.tuples(st.sampled_from(names), VALUES, LINE_ENDS), max_size=14))
    return "".join(f"{name}: {value}{end}" for name, value, end in lines)


@st.composite
def leaves(draw):
    body = draw(
        st.one_of(
            report_bodies(FIELDS),
            report_bodies(COMPLAINT_FIELDS),
            st.text(max_size=200),
            st.sampled_from(["<ann@receiver.example>: 550 5.1.1 no\n", "ann@receiver.example\n"]),
        )
    ).encode("utf-8", "surrogatepass")
    encoding = draw(ENCODINGS)
    if encoding == "base64" and draw(st.booleans()):
        body = base64.encodebytes(body)
    head = f"Content-Type: {draw(KINDS)}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return head.encode() + body


@st.composite
def multiparts(draw, inside):
    parts = draw(st.lists(inside, max_size=4))
    kind = draw(st.sampled_from(["report", "mixed", "alternative", "digest", "signed"]))
    mark = draw(st.sampled_from(["a", "bb", "=_c", ""]))
    closing = draw(st.sampled_from([f"\r\n--{mark}--\r\n", "", f"\r\n--{mark}"]))
    head = f'Content-Type: multipart/{kind}; boundary="{mark}"\r\n\r\n'
    body = b"".join(f"\r\n--{mark}\r\n".encode() + part for part in parts)
    return head.encode() + body + closing.encode()


PARTS = st.recursive(leaves(), multiparts, max_leaves=6)
SUBJECTS = st.one_of(
    st.sampled_from(
        [
            *(
                "Undelivered Mail Returned to Sender",
                "Automatic reply: x",
                "unsubscribe",
                "退信",
                "",
            ),
            *(
                "Re: Undeliverable",
                "Report domain: a Submitter: b",
                "Warning: delayed",
                "配信エラー",
            ),
        ]
    ),
    st.text(max_size=40).map(lambda text: text.replace("\n", " ").replace("\r", " ")),
)
SENDERS = st.sampled_from(["MAILER-DAEMON <>", "ann@receiver.example", "postmaster@x", "", "<<>>"])


@st.composite
def mails(draw):
    head = f"From: {draw(SENDERS)}\r\nSubject: {draw(SUBJECTS)}\r\n"
    head += draw(st.sampled_from(["", "Return-Path: <>\r\n", "Auto-Submitted: auto-replied\r\n"]))
    head += draw(st.sampled_from(["", "X-Failed-Recipients: a@b, c@d\r\n", "Precedence: bulk\r\n"]))
    return head.encode("utf-8", "surrogatepass") + draw(PARTS)


@settings(max_examples=300, deadline=None)
@given(mails())
def test_a_mail_of_any_shape_gets_an_answer_of_the_vocabulary(raw):
    found = understand(raw)
    assert 1 <= len(found) <= MOST_PARTS
    for finding in found:
        judged = finding.kind in {ReturnKind.BOUNCE, ReturnKind.DELAYED}
        assert isinstance(finding.kind, ReturnKind)
        assert (finding.bounce_class in set(BounceClass)) is judged
        assert (finding.action in set(Action)) is judged
        assert finding.kind is not ReturnKind.DELAYED or finding.action is Action.DEFER
        assert "\n" not in finding.recipient


@settings(max_examples=100, deadline=None)
@given(mails())
def test_nothing_is_kept_beyond_its_bounds(raw):
    mail = read_returned(raw)
    assert len(mail.text) <= LONGEST_TEXT
    assert len(mail.blocks) <= MOST_PARTS
    assert len(mail.reported_to) <= MOST_PARTS


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=80), max_size=60), st.sampled_from([">", "  ", "- ", ""]))
def test_text_reports_are_bounded(lines, indent):
    named = [f"{indent}<u{n}@receiver.example>: {line}" for n, line in enumerate(lines)]
    head = "From: MAILER-DAEMON@x\nSubject: failure notice\nContent-Type: text/plain; charset=utf-8\n\n"
    found = understand((head + "\n".join(named)).encode("utf-8", "surrogatepass"))
    assert len(found) <= MOST_SECTIONS
    assert all(len(finding.reply) <= LONGEST_WORDS for finding in found)
