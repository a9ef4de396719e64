"""The door's rules, one file each, in the order in which they are asked.

A rule looks at the submission and the facts and answers None or a Refusal; it never raises for
policy and changes nothing. The first refusal is the answer: the order is part of the contract.
"""

from collections.abc import Callable

from tayori.accept.checks.account import check_account
from tayori.accept.checks.attachments import check_attachments
from tayori.accept.checks.content import check_content
from tayori.accept.checks.headers import check_headers
from tayori.accept.checks.recipients import check_recipients
from tayori.accept.checks.sender import check_sender
from tayori.accept.checks.size import check_size
from tayori.accept.checks.subject import check_subject
from tayori.accept.checks.template import check_template
from tayori.accept.facts import Facts
from tayori.accept.submission import Submission
from tayori.refusal.refusal import Refusal

Check = Callable[[Submission, Facts], Refusal | None]

CHECKS: tuple[Check, ...] = (
    check_account,
    check_sender,
    check_recipients,
    check_subject,
    check_headers,
    check_content,
    check_template,
    check_attachments,
    check_size,
)
