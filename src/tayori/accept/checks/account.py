"""A suspended account sends nothing, whatever its way in."""

from tayori.accept.facts import Facts
from tayori.accept.submission import Submission
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import say


def check_account(submission: Submission, _facts: Facts) -> Refusal | None:
    """Refuse a suspended account."""
    if submission.account.suspended:
        return refuse(
            Code.AUTH_FAILURE__UNAUTHORIZED_OPERATION,
            say("The account is suspended; ask the operator of this service."),
        )
    return None
