"""One mail as a person writes it into a form: who gets it, what it says, and what is chosen."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from babel import Locale

from tayori.accept.idempotency import Token, fingerprint
from tayori.accept.submission import Submission, SubmittedAttachment
from tayori.compose.footers import footers
from tayori.edge.console.languages import LOCALES
from tayori.edge.console.visit import Visit
from tayori.mail.address import AddressError, Mailbox, parse_mailbox
from tayori.mail.address_list import read_mailboxes
from tayori.refusal.table import Language

MOST_RECIPIENTS: Final = 20
"""Addresses of one mail from the console, To, Cc and Bcc together."""
_BETWEEN: Final = re.compile(r"[,;\n]")
_SPACE: Final = re.compile(r"\s+")
_SCRIPTS: Final = {"zh-CN": "zh_Hans", "zh-TW": "zh_Hant"}
ACTION: Final = "console"
"""What idempotency tokens of the console are kept under."""


def read_recipients(text: str) -> tuple[tuple[Mailbox, ...], list[str]]:
    """Return the mailboxes of a field, one a line or between commas, and what is none."""
    listed = ",".join(line.strip().rstrip(",;") for line in text.splitlines() if line.strip())
    found = read_mailboxes(listed)
    if not isinstance(found, AddressError):
        return found, []
    pieces = [piece.strip() for piece in _BETWEEN.split(text) if piece.strip()]
    wrong = [piece for piece in pieces if isinstance(parse_mailbox(piece), AddressError)]
    return (), wrong or [found.text]


async def senders_of(visit: Visit) -> list[tuple[str, str]]:
    """Return the senders of the account as the choices of a field: address, and how it reads."""
    found = await visit.services.senders.list(visit.account.id)
    return [
        (
            one.address.addr,
            f"{one.display_name} <{one.address.addr}>" if one.display_name else one.address.addr,
        )
        for one in found
    ]


def footer_choices(language: Language) -> list[tuple[str, str]]:
    """Return the languages of the unsubscribe footer by number, named in the visitor's."""
    reader = LOCALES[language]
    return [
        (str(number), _named(footer.tag, reader)) for number, footer in sorted(footers().items())
    ]


async def attached(visit: Visit, name: str) -> tuple[SubmittedAttachment, ...]:
    """Return the files that were chosen for a field; spaces in their names become underscores."""
    found = []
    for file in visit.posted.files.get(name, ()):
        called = _SPACE.sub("_", (file.filename or "").strip())
        found.append(SubmittedAttachment(file_name=called, content=await file.read()))
    return tuple(found)


def token_for(submission: Submission, form_key: str) -> Token:
    """Return the token by which a form that is sent twice makes one mail.

    A form that was changed is another mail, so its content is part of the key.
    """
    known = fingerprint([form_key.encode(), *_pieces(submission)])
    return Token(account_id=submission.account.id, action=ACTION, key=known, fingerprint=known)


def too_many(*lists: Sequence[Mailbox]) -> bool:
    """Tell whether the lists name more people than one mail from the console may have."""
    return len({mailbox.address.addr for one in lists for mailbox in one}) > MOST_RECIPIENTS


def _pieces(submission: Submission) -> Iterable[bytes]:
    yield repr(
        (
            submission.sender.address.addr,
            submission.subject,
            [[one.address.addr for one in part] for part in _parts(submission)],
            submission.template_id,
            sorted(submission.values.items()),
            submission.html,
            submission.text,
            submission.trigger,
            submission.unsubscribe,
        )
    ).encode("utf-8", "replace")
    for file in submission.attachments:
        yield file.file_name.encode("utf-8", "replace")
        yield file.content


def _parts(submission: Submission) -> tuple[Sequence[Mailbox], ...]:
    return submission.to, submission.cc, submission.bcc, submission.reply_to


def _named(tag: str, reader: str) -> str:
    locale = Locale.parse(_SCRIPTS.get(tag, tag), sep="_" if tag in _SCRIPTS else "-")
    name = locale.get_display_name(reader)
    return str(name[:1].upper() + name[1:]) if name else tag
