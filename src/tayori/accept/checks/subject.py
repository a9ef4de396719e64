"""The subject is one line of 1 to 998 characters (spec 1, RFC 5322 2.1.1)."""

from collections.abc import Mapping

from tayori.accept.facts import Facts
from tayori.accept.submission import Submission
from tayori.catalog.variables import VariableFault, split_variables
from tayori.mail.header import check_text
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import say

LONGEST = 998


def check_subject(submission: Submission, _facts: Facts) -> Refusal | None:
    """Refuse an empty, over-long or many-lined subject."""
    if not 1 <= len(submission.subject) <= LONGEST:
        return refuse(
            Code.INVALID_PARAMETER_VALUE__SUBJECT_LENGTH_ERROR,
            say(
                "The subject has {count} characters; 1 to {most} are allowed.",
                count=len(submission.subject),
                most=LONGEST,
            ),
        )
    fault = check_text(submission.subject)
    if fault is not None:
        return refuse(
            Code.FAILED_OPERATION__PROTOCOL_CHECK_ERR, say("Subject: {fault}", fault=fault.saying)
        )
    if submission.template_id is None or "{{" not in submission.subject:
        return None
    return _check_values(submission.subject, submission.values)


def _check_values(subject: str, values: Mapping[str, str]) -> Refusal | None:
    """Refuse a value that would put a line break or a control character into the subject."""
    split = split_variables(subject)
    if isinstance(split, VariableFault):
        return None
    for name in split.names:
        fault = check_text(values.get(name, ""))
        if fault is not None:
            return refuse(
                Code.FAILED_OPERATION__PROTOCOL_CHECK_ERR,
                say("The value of {name} in the subject: {fault}", name=name, fault=fault.saying),
            )
    return None
