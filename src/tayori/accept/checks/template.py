"""A template exists, is approved, and every variable has a value."""

from tayori.accept.facts import Facts
from tayori.accept.submission import Submission
from tayori.catalog.model import TemplateStatus
from tayori.catalog.variables import MissingVariable
from tayori.compose.build import fill_subject
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import say

_WHY_NOT = {
    TemplateStatus.IN_REVIEW: say("The template is still in review."),
    TemplateStatus.REFUSED: say("The template was refused in review; edit it and submit it again."),
}


def check_template(submission: Submission, facts: Facts) -> Refusal | None:
    """Refuse an unknown or unapproved template and a missing value, by its name."""
    if submission.template_id is None:
        return None
    if facts.template is None or facts.content is None:
        return refuse(
            Code.FAILED_OPERATION__INVALID_TEMPLATE_ID,
            say("This account has no template {number}.", number=submission.template_id),
        )
    status = facts.template.template.status
    if status is not TemplateStatus.APPROVED:
        return refuse(Code.FAILED_OPERATION__INVALID_TEMPLATE_ID, _WHY_NOT[status])
    missing = sorted(facts.content.names - submission.values.keys())
    subject = fill_subject(submission.subject, submission.values)
    if isinstance(subject, MissingVariable):
        missing.append(subject.name)
    if missing:
        return refuse(
            Code.INVALID_PARAMETER_VALUE__TEMPLATE_NOT_MATCH_DATA,
            say("TemplateData has no value for: {names}.", names=", ".join(missing[:10])),
        )
    return None
