"""Refusals of the one table as SMTP replies: code, enhanced code, SES error code and sentence."""

import textwrap

from tayori.accept.submission import Accepted
from tayori.mail.reply import Reply
from tayori.refusal.refusal import Refusal
from tayori.refusal.table import entry, message
from tayori.smtp.replies import Wording

TAKEN = Wording(250, "2.0.0", "Ok {}")
_LINE = 400
"""Characters of one line; with UTF-8 and codes it stays within what clients read."""


def refusal_reply(refusal: Refusal) -> Reply:
    """Return how a refusal is said in SMTP."""
    row = entry(refusal.code)
    text = f"{refusal.code.value}: {message(refusal)}"
    ascii_text = text.encode("ascii", "replace").decode("ascii")
    return Reply(row.smtp_code, row.enhanced, tuple(textwrap.wrap(ascii_text, _LINE)))


def accepted_reply(accepted: Accepted) -> Reply:
    """Return the yes, which names the message."""
    return TAKEN.of(accepted.message_id)
