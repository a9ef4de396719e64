"""Every mail has somebody to go to, within the limits of one request (spec 1)."""

from tayori.accept.facts import Facts
from tayori.accept.submission import Submission
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import say

MOST_TO = 50
MOST_CC = 20
MOST_BCC = 20


def check_recipients(submission: Submission, _facts: Facts) -> Refusal | None:
    """Refuse no recipients, too many, and a hidden one who is also shown in To."""
    if not (submission.to or submission.cc or submission.bcc):
        return refuse(
            Code.INVALID_PARAMETER_VALUE__EMAIL_ADDRESS_IS_NULL,
            say("At least one of Destination, Cc and Bcc is needed."),
        )
    for name, given, most in (
        ("Destination", submission.to, MOST_TO),
        ("Cc", submission.cc, MOST_CC),
        ("Bcc", submission.bcc, MOST_BCC),
    ):
        if len(given) > most:
            return refuse(
                Code.FAILED_OPERATION__TOO_MANY_RECIPIENTS,
                say(
                    "{name} has {count} addresses; {most} are allowed.",
                    name=name,
                    count=len(given),
                    most=most,
                ),
            )
    shown = {mailbox.address for mailbox in submission.to}
    for mailbox in submission.bcc:
        if mailbox.address in shown:
            return refuse(
                Code.INVALID_PARAMETER_VALUE__RECEIVER_EMAIL_INVALID,
                say(
                    "{address} is in Bcc and in Destination, so it would not be hidden.",
                    address=mailbox.address.addr,
                ),
            )
    return None
