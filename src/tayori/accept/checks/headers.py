"""Extra headers may add to a mail, not forge what we or the receiver's server write."""

import re

from tayori.accept.facts import Facts
from tayori.accept.submission import Submission
from tayori.mail.header import check_header
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import NOTHING, Saying, say

OURS = frozenset(
    {
        *("from", "sender", "to", "cc", "bcc", "reply-to", "subject", "date", "message-id"),
        *("mime-version", "content-type", "content-transfer-encoding", "content-disposition"),
        *("return-path", "received", "dkim-signature", "domainkey-signature", "feedback-id"),
        *("authentication-results", "received-spf", "delivered-to", "x-report-ref"),
    }
)
"""Lower-case names that an extra header may not have."""
_FORBIDDEN_PREFIXES = ("arc-", "resent-", "x-tayori-")
MOST = 50
LONGEST_VALUE = 4_000
MESSAGE_ID = re.compile(r"<[!-;=?A-~]{1,200}@[!-;=?A-~]{1,200}>\Z")


def check_headers(submission: Submission, _facts: Facts) -> Refusal | None:
    """Refuse malformed, forbidden, repeated or too many extra headers, and a bad Message-ID."""
    if len(submission.headers) > MOST:
        return _refusal(
            say(
                "{count} extra headers; {most} are allowed.",
                count=len(submission.headers),
                most=MOST,
            )
        )
    seen: set[str] = set()
    for name, value in submission.headers:
        fault = _fault(name, value, seen)
        if fault:
            return _refusal(fault)
        seen.add(name.lower())
    if submission.rfc_message_id and not MESSAGE_ID.match(submission.rfc_message_id):
        return _refusal(
            say("SmtpMessageId must look like <unique@domain>, in ASCII without spaces.")
        )
    return None


def _fault(name: str, value: str, seen: set[str]) -> Saying:
    lower = name.lower()
    malformed = check_header(name, value)
    if malformed is not None:
        return say("Header {name}: {fault}", name=repr(name[:80]), fault=malformed.saying)
    if lower in OURS or lower.startswith(_FORBIDDEN_PREFIXES):
        return say("The header {name} is written by the service and cannot be set.", name=name)
    if lower in seen:
        return say("The header {name} is given twice.", name=name)
    if len(value) > LONGEST_VALUE:
        return say(
            "The header {name} is longer than {most} characters.", name=name, most=LONGEST_VALUE
        )
    return NOTHING


def _refusal(saying: Saying) -> Refusal:
    return refuse(Code.FAILED_OPERATION__PROTOCOL_CHECK_ERR, saying)
