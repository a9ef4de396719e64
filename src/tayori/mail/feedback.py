"""Complaints in the Abuse Reporting Format (RFC 5965) as values."""

import re
from dataclasses import dataclass
from typing import Final

from tayori.mail.returned import Fields, Returned

_ADDRESS: Final = re.compile(r"[^\s<>;,\"']{1,64}@[^\s<>;,\"']{1,253}")
_NOT_SPAM: Final = "not-spam"
_MICROSOFT: Final = "x-hmxmroriginalrecipient"
"""Microsoft's junk mail reports attach the mail with this field and no report of their own."""
_REDACTED: Final = re.compile(r"(?:\W?redacted\W?|x{3,}|\*+|hidden|removed)@", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """A report of what a recipient thought of a mail; `recipient` "" when it was left out.

    `type` is abuse, fraud, virus, not-spam, opt-out, auth-failure or another word.
    """

    type: str
    recipient: str = ""
    others: tuple[str, ...] = ()
    """Further recipients, when a report is about several."""
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
    original = mail.original or {}
    complains = mail.feedback is not None or mail.report_type == "feedback-report"
    if not complains and (mail.blocks or _MICROSOFT not in original):
        return None
    fields = mail.feedback or {}
    stated = [
        *mail.reported_to,
        fields.get("removal-recipient", ""),
        original.get(_MICROSOFT, ""),
        original.get("to", ""),
    ]
    named = [address for text in stated if (address := _address(text))]
    several = [address for text in mail.reported_to if (address := _address(text))]
    return Feedback(
        type=(fields.get("feedback-type", "abuse") or "abuse").strip().lower(),
        recipient=named[0] if named else "",
        others=tuple(dict.fromkeys(several[1:])),
        return_path=fields.get("original-mail-from", "").strip().strip("<>"),
        source=fields.get("source-ip", ""),
        agent=fields.get("user-agent", ""),
        original=mail.original,
    )


def _address(text: str) -> str:
    """Return the address in a field, "" when it was made unreadable (RFC 6590)."""
    match = _ADDRESS.search(text)
    if match is None or _REDACTED.match(match[0]):
        return ""
    return match[0]
