"""Complaints in the Abuse Reporting Format (RFC 5965) as values."""

import re
from dataclasses import dataclass
from typing import Final

from tayori.mail.returned import Fields, Returned

_ADDRESS: Final = re.compile(r"[^\s<>;,\"']{1,64}@[^\s<>;,\"']{1,253}")
_NOT_SPAM: Final = "not-spam"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """A report of what a recipient thought of a mail; `recipient` "" when it was left out.

    `type` is abuse, fraud, virus, not-spam, opt-out, auth-failure or another word.
    """

    type: str
    recipient: str = ""
    return_path: str = ""
    source: str = ""
    """The address that the mail came from, as the receiver saw it."""
    agent: str = ""
    original: Fields | None = None

    @property
    def is_complaint(self) -> bool:
        """Tell whether a person complains, which `not-spam` and DMARC's reports do not mean."""
        return self.type not in {_NOT_SPAM, "auth-failure", "dmarc"}


def read_feedback(mail: Returned) -> Feedback | None:
    """Return the complaint in a mail, or None when it is none."""
    fields = mail.feedback
    if fields is None and mail.report_type != "feedback-report":
        return None
    fields = fields or {}
    original = mail.original or {}
    removed = fields.get("removal-recipient", "")
    stated = fields.get("original-rcpt-to", "") or removed or original.get("to", "")
    match = _ADDRESS.search(stated)
    return Feedback(
        type=(fields.get("feedback-type", "abuse") or "abuse").strip().lower(),
        recipient=match[0] if match else "",
        return_path=fields.get("original-mail-from", "").strip().strip("<>"),
        source=fields.get("source-ip", ""),
        agent=fields.get("user-agent", ""),
        original=mail.original,
    )
