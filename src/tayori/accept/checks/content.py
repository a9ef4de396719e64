"""A mail has content: a template, or its own where the operator granted that (spec 1)."""

from tayori.accept.facts import Facts
from tayori.accept.submission import Source, Submission
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import say
from tayori.tenants.model import Permission


def check_content(submission: Submission, _facts: Facts) -> Refusal | None:
    """Refuse no content, two kinds at once, and own content without permission."""
    if submission.template_id is not None:
        if submission.own_content:
            return refuse(
                Code.INVALID_PARAMETER_VALUE__EMAIL_CONTENT_IS_WRONG,
                say("Give Template or Simple, not both."),
            )
        return None
    if not submission.own_content:
        return refuse(
            Code.FAILED_OPERATION__MISSING_EMAIL_CONTENT, say("Template or own content is needed.")
        )
    needed = Permission.SMTP_CONTENT if submission.source is Source.SMTP else Permission.API_SIMPLE
    # Nobody needs leave for content that is not the account's own.
    exempt = submission.source in {Source.FORWARD, Source.NOTICE}
    if not (exempt or submission.account.may(needed)):
        return refuse(
            Code.FAILED_OPERATION__WITH_OUT_PERMISSION,
            say("This account sends templates only; an operator can allow own content."),
        )
    raw = submission.raw
    other = raw is not None and bool(submission.attachments or raw.other_size)
    if not (submission.html or submission.text or other):
        return refuse(
            Code.FAILED_OPERATION__MISSING_EMAIL_CONTENT, say("Both HTML and text are empty.")
        )
    return None
