import re
from dataclasses import replace
from pathlib import Path

import pytest

from tayori.accept.checks import CHECKS
from tayori.accept.facts import Facts
from tayori.accept.submission import RawMail, Source, Submission, SubmittedAttachment
from tayori.catalog.model import Sender, StoredTemplate, Template, TemplateContent, TemplateStatus
from tayori.compose.content import compile_template, own_content
from tayori.mail.address import Mailbox, parse_mailbox
from tayori.refusal.codes import Code
from tayori.tenants.model import Account, DkimOption, Identity, Permission


def box(text):
    mailbox = parse_mailbox(text)
    assert isinstance(mailbox, Mailbox)
    return mailbox


ACCOUNT = Account(
    id=1,
    app_id=1300000001,
    name="a",
    permissions=frozenset(Permission),
    suspended_at=None,
    suspended_reason="",
    created_at=0,
)
IDENTITY = Identity(
    id=1,
    account_id=1,
    domain="mail.example.org",
    dkim_option=DkimOption.BOTH,
    verified=True,
    records=(),
    tags=(),
    level=1,
    created_at=0,
    verified_at=0,
    checked_at=0,
    check_due_at=0,
    checks_failed=0,
)
SENDER = Sender(
    id=1,
    account_id=1,
    identity_id=1,
    address=box("news@mail.example.org").address,
    display_name="",
    smtp_password_hash=None,
    created_at=0,
)
TEMPLATE = StoredTemplate(
    template=Template(
        id=5,
        account_id=1,
        name="t",
        status=TemplateStatus.APPROVED,
        review_reason="",
        version=1,
        created_at=0,
        updated_at=0,
    ),
    content=TemplateContent(html="<p>{{name}}</p>", text=""),
)
FACTS = Facts(
    sender=SENDER,
    identity=IDENTITY,
    template=TEMPLATE,
    content=compile_template("<p>{{name}}</p>", ""),
)
GOOD = Submission(
    account=ACCOUNT,
    source=Source.API,
    sender=box("news@mail.example.org"),
    subject="Hi {{name}}",
    to=(box("a@x.test"),),
    template_id=5,
    values={"name": "Ann"},
)


def many(count, start=0):
    return tuple(box(f"u{n}@x.test") for n in range(start, start + count))


def file(name="a.pdf", size=10):
    return SubmittedAttachment(file_name=name, content=b"x" * size)


def simple(**changes):
    return replace(GOOD, template_id=None, subject="Hi", **({"html": "<p>x</p>"} | changes))


def answer(submission, facts=FACTS):
    return next((r for check in CHECKS if (r := check(submission, facts)) is not None), None)


def status(value):
    return replace(
        FACTS, template=replace(TEMPLATE, template=replace(TEMPLATE.template, status=value))
    )


REFUSED = {
    "suspended": (
        replace(GOOD, account=replace(ACCOUNT, suspended_at=5)),
        FACTS,
        Code.AUTH_FAILURE__UNAUTHORIZED_OPERATION,
    ),
    "foreign domain": (
        GOOD,
        replace(FACTS, identity=None),
        Code.FAILED_OPERATION__INCORRECT_SENDER,
    ),
    "unverified": (
        GOOD,
        replace(FACTS, identity=replace(IDENTITY, verified=False)),
        Code.FAILED_OPERATION__NOT_AUTHENTICATED_SENDER,
    ),
    "level 0": (
        GOOD,
        replace(FACTS, identity=replace(IDENTITY, level=0)),
        Code.FAILED_OPERATION__HIGH_REJECTION_RATE,
    ),
    "no sender": (GOOD, replace(FACTS, sender=None), Code.FAILED_OPERATION__INCORRECT_SENDER),
    "other From": (
        replace(GOOD, header_from=box("a@other.test")),
        FACTS,
        Code.INVALID_PARAMETER_VALUE__INVALID_EMAIL_IDENTITY,
    ),
    "other login": (
        replace(GOOD, login=box("news@other.test").address),
        FACTS,
        Code.FAILED_OPERATION__NOT_AUTHENTICATED_SENDER,
    ),
    "raw without permission": (
        simple(
            account=replace(ACCOUNT, permissions=frozenset({Permission.API_SIMPLE})),
            source=Source.SMTP,
            raw=RawMail(octets=b"x"),
        ),
        FACTS,
        Code.FAILED_OPERATION__WITH_OUT_PERMISSION,
    ),
    "raw and empty": (
        simple(html="", source=Source.SMTP, raw=RawMail(octets=b"x")),
        FACTS,
        Code.FAILED_OPERATION__MISSING_EMAIL_CONTENT,
    ),
    "large raw": (
        simple(source=Source.SMTP, raw=RawMail(octets=b"x", other_size=5 << 20)),
        FACTS,
        Code.FAILED_OPERATION__EMAIL_CONTENT_TOOLARGE,
    ),
    "nobody": (replace(GOOD, to=()), FACTS, Code.INVALID_PARAMETER_VALUE__EMAIL_ADDRESS_IS_NULL),
    "51 To": (replace(GOOD, to=many(51)), FACTS, Code.FAILED_OPERATION__TOO_MANY_RECIPIENTS),
    "21 Cc": (replace(GOOD, cc=many(21)), FACTS, Code.FAILED_OPERATION__TOO_MANY_RECIPIENTS),
    "21 Bcc": (replace(GOOD, bcc=many(21)), FACTS, Code.FAILED_OPERATION__TOO_MANY_RECIPIENTS),
    "Bcc in To": (
        replace(GOOD, bcc=(box("a@X.test"),)),
        FACTS,
        Code.INVALID_PARAMETER_VALUE__RECEIVER_EMAIL_INVALID,
    ),
    "no subject": (
        replace(GOOD, subject=""),
        FACTS,
        Code.INVALID_PARAMETER_VALUE__SUBJECT_LENGTH_ERROR,
    ),
    "long subject": (
        replace(GOOD, subject="x" * 999),
        FACTS,
        Code.INVALID_PARAMETER_VALUE__SUBJECT_LENGTH_ERROR,
    ),
    "two lines": (
        replace(GOOD, subject="a\r\nBcc: b@x.test"),
        FACTS,
        Code.FAILED_OPERATION__PROTOCOL_CHECK_ERR,
    ),
    "header break": (
        replace(GOOD, headers=(("X-A", "a\r\nb"),)),
        FACTS,
        Code.FAILED_OPERATION__PROTOCOL_CHECK_ERR,
    ),
    "header name": (
        replace(GOOD, headers=(("X A", "a"),)),
        FACTS,
        Code.FAILED_OPERATION__PROTOCOL_CHECK_ERR,
    ),
    "our header": (
        replace(GOOD, headers=(("dkim-SIGNATURE", "a"),)),
        FACTS,
        Code.FAILED_OPERATION__PROTOCOL_CHECK_ERR,
    ),
    "ARC": (
        replace(GOOD, headers=(("ARC-Seal", "a"),)),
        FACTS,
        Code.FAILED_OPERATION__PROTOCOL_CHECK_ERR,
    ),
    "twice": (
        replace(GOOD, headers=(("X-A", "a"), ("x-a", "b"))),
        FACTS,
        Code.FAILED_OPERATION__PROTOCOL_CHECK_ERR,
    ),
    "message id": (
        replace(GOOD, rfc_message_id="<a b@c>"),
        FACTS,
        Code.FAILED_OPERATION__PROTOCOL_CHECK_ERR,
    ),
    "both": (replace(GOOD, html="x"), FACTS, Code.INVALID_PARAMETER_VALUE__EMAIL_CONTENT_IS_WRONG),
    "nothing": (
        replace(GOOD, template_id=None),
        FACTS,
        Code.FAILED_OPERATION__MISSING_EMAIL_CONTENT,
    ),
    "no permission": (
        simple(account=replace(ACCOUNT, permissions=frozenset())),
        FACTS,
        Code.FAILED_OPERATION__WITH_OUT_PERMISSION,
    ),
    "empty": (simple(html="", text=""), FACTS, Code.FAILED_OPERATION__MISSING_EMAIL_CONTENT),
    "no template": (
        GOOD,
        replace(FACTS, template=None),
        Code.FAILED_OPERATION__INVALID_TEMPLATE_ID,
    ),
    "in review": (
        GOOD,
        status(TemplateStatus.IN_REVIEW),
        Code.FAILED_OPERATION__INVALID_TEMPLATE_ID,
    ),
    "refused": (GOOD, status(TemplateStatus.REFUSED), Code.FAILED_OPERATION__INVALID_TEMPLATE_ID),
    "no value": (
        replace(GOOD, values={}),
        FACTS,
        Code.INVALID_PARAMETER_VALUE__TEMPLATE_NOT_MATCH_DATA,
    ),
    "no subject value": (
        replace(GOOD, subject="{{other}}"),
        FACTS,
        Code.INVALID_PARAMETER_VALUE__TEMPLATE_NOT_MATCH_DATA,
    ),
    "11 files": (
        replace(GOOD, attachments=(file(),) * 11),
        FACTS,
        Code.FAILED_OPERATION__TOO_MANY_ATTACHMENTS,
    ),
    "exe": (
        replace(GOOD, attachments=(file("a.exe"),)),
        FACTS,
        Code.FAILED_OPERATION__INVALID_ATTACH_NAME,
    ),
    "no extension": (
        replace(GOOD, attachments=(file("pdf"),)),
        FACTS,
        Code.FAILED_OPERATION__INVALID_ATTACH_NAME,
    ),
    "space": (
        replace(GOOD, attachments=(file("a b.pdf"),)),
        FACTS,
        Code.FAILED_OPERATION__INVALID_ATTACH_NAME,
    ),
    "path": (
        replace(GOOD, attachments=(file("../a.pdf"),)),
        FACTS,
        Code.FAILED_OPERATION__INVALID_ATTACH_NAME,
    ),
    "long name": (
        replace(GOOD, attachments=(file("a" * 252 + ".pdf"),)),
        FACTS,
        Code.FAILED_OPERATION__INVALID_ATTACH_NAME,
    ),
    "large files": (
        replace(GOOD, attachments=(file(size=3 << 20), file("b.pdf", 2 << 20))),
        FACTS,
        Code.FAILED_OPERATION__ATTACH_CONTENT_TOOLARGE,
    ),
    "no files allowed": (
        replace(GOOD, attachments=(file(),), account=replace(ACCOUNT, permissions=frozenset())),
        FACTS,
        Code.FAILED_OPERATION__NO_ATTACH_PERMISSION,
    ),
    "large content": (
        simple(),
        replace(FACTS, content=own_content("x" * (4 << 20), "y")),
        Code.FAILED_OPERATION__EMAIL_CONTENT_TOOLARGE,
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_submission_is_refused_with_its_code_and_a_sentence(name):
    submission, facts, code = REFUSED[name]
    refusal = answer(submission, facts)
    assert refusal is not None
    assert refusal.code == code
    assert refusal.detail.endswith((".", "/"))


@pytest.mark.parametrize(
    "submission",
    [
        GOOD,
        replace(GOOD, to=many(50), cc=many(20, 50), bcc=many(20, 70)),
        replace(GOOD, subject="x" * 998, header_from=box("Other <other@mail.example.org>")),
        replace(GOOD, attachments=(file("報告.PDF"),)),
        replace(GOOD, headers=(("X-Tencentcloudses-Cb-Kind", "x"), ("List-ID", "<a.b>"))),
        replace(GOOD, rfc_message_id="<2SNZPF1T2NU4.5OB8TNNRVRYM3@qcloudmail.com>"),
        simple(text="x"),
        simple(source=Source.SMTP, raw=RawMail(octets=b"x", other_size=9), html="", text=""),
        simple(source=Source.SMTP, raw=RawMail(octets=b"x"), login=SENDER.address),
    ],
)
def test_a_good_submission_passes(submission):
    assert answer(submission) is None


def test_the_first_refusal_wins():
    worst = replace(GOOD, to=(), subject="", account=replace(ACCOUNT, suspended_at=1))
    assert answer(worst).code == Code.AUTH_FAILURE__UNAUTHORIZED_OPERATION
    assert (
        answer(replace(worst, account=ACCOUNT)).code
        == Code.INVALID_PARAMETER_VALUE__EMAIL_ADDRESS_IS_NULL
    )


PAGE = Path(__file__).parents[3] / "docs/compatibility.md"
WORST = replace(
    GOOD,
    account=replace(ACCOUNT, suspended_at=5, permissions=frozenset()),
    to=(),
    subject="",
    headers=(("X-Two", "a\nb"),),
    template_id=None,
    attachments=(file(),),
)
NOTHING = Facts(sender=None, identity=None, template=None, content=None)
HUGE = own_content("x" * (4 << 20), "y")
STAIRS = (
    # The check that refuses, its code, and what mends just that.
    ("account", Code.AUTH_FAILURE__UNAUTHORIZED_OPERATION, {"account": replace(ACCOUNT, permissions=frozenset())}, {}),
    ("sender", Code.FAILED_OPERATION__INCORRECT_SENDER, {}, {"sender": SENDER, "identity": IDENTITY}),
    ("recipients", Code.INVALID_PARAMETER_VALUE__EMAIL_ADDRESS_IS_NULL, {"to": GOOD.to}, {}),
    ("subject", Code.INVALID_PARAMETER_VALUE__SUBJECT_LENGTH_ERROR, {"subject": "Hi"}, {}),
    ("headers", Code.FAILED_OPERATION__PROTOCOL_CHECK_ERR, {"headers": ()}, {}),
    ("content", Code.FAILED_OPERATION__MISSING_EMAIL_CONTENT, {"template_id": 5}, {}),
    ("template", Code.FAILED_OPERATION__INVALID_TEMPLATE_ID, {}, {"template": TEMPLATE, "content": HUGE}),
    ("attachments", Code.FAILED_OPERATION__NO_ATTACH_PERMISSION, {"account": ACCOUNT}, {}),
    ("size", Code.FAILED_OPERATION__EMAIL_CONTENT_TOOLARGE, {}, {"content": FACTS.content}),
)  # fmt: skip


def test_the_order_of_checks_is_the_one_on_the_page():
    submission, facts, codes = WORST, NOTHING, []
    for _, _, mended, known in STAIRS:
        codes.append(answer(submission, facts).code)
        submission, facts = replace(submission, **mended), replace(facts, **known)
    assert codes == [code for _, code, _, _ in STAIRS]
    assert answer(submission, facts) is None
    names = [name for name, _, _, _ in STAIRS]
    assert [check.__name__ for check in CHECKS] == [f"check_{name}" for name in names]
    listed = re.search(r"the door's list:\s+(.*?)\. At last", PAGE.read_text(), re.DOTALL)
    told = [
        re.sub(r"\s*\(.*?\)", "", part, flags=re.DOTALL).strip() for part in listed[1].split(",")
    ]
    assert told == names
