"""A submitted mail that names a template: the same submission as the API would make of it."""

from collections.abc import Sequence
from dataclasses import replace

from tayori.accept.checks.headers import OURS
from tayori.accept.submission import Submission
from tayori.compose.raw import removed
from tayori.edge.submission.options import Options
from tayori.mail.address import Address, AddressError, Mailbox
from tayori.mail.address_list import read_mailboxes
from tayori.mail.encoded_word import decode_words
from tayori.mail.entity import Part
from tayori.mail.message import field_name, field_value
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import say


def template_submission(
    part: Part, submission: Submission, options: Options
) -> Submission | Refusal:
    """Return the submission with the template in place of the mail's text.

    Recipients whom To or Cc names are shown there, all others are hidden.
    """
    lists: list[tuple[Mailbox, ...]] = []
    for name in (b"to", b"cc", b"reply-to"):
        mailboxes = _mailboxes(part, name)
        if isinstance(mailboxes, Refusal):
            return mailboxes
        lists.append(mailboxes)
    envelope = {mailbox.address for mailbox in submission.to}
    to = _named(lists[0], envelope)
    cc = _named(lists[1], envelope - {mailbox.address for mailbox in to})
    shown = {mailbox.address for mailbox in (*to, *cc)}
    return replace(
        submission,
        raw=None,
        html=None,
        text=None,
        template_id=options.template_id,
        values=options.values,
        to=to,
        cc=cc,
        bcc=tuple(mailbox for mailbox in submission.to if mailbox.address not in shown),
        reply_to=lists[2],
        headers=_own_headers(part.fields),
    )


def _named(mailboxes: Sequence[Mailbox], wanted: set[Address]) -> tuple[Mailbox, ...]:
    found = {mailbox.address: mailbox for mailbox in mailboxes if mailbox.address in wanted}
    return tuple(found.values())


def _mailboxes(part: Part, name: bytes) -> tuple[Mailbox, ...] | Refusal:
    values = [field_value(one) for one in part.fields if field_name(one) == name]
    found = read_mailboxes(values[0].decode("utf-8", "replace")) if values else ()
    if isinstance(found, AddressError):
        title = name.decode("ascii").title()
        return refuse(
            Code.FAILED_OPERATION__PROTOCOL_CHECK_ERR,
            say("The {title} header: {fault}", title=title, fault=found.saying),
        )
    return found


def _own_headers(fields: Sequence[bytes]) -> tuple[tuple[str, str], ...]:
    kept: list[tuple[str, str]] = []
    for one in fields:
        lower = field_name(one)
        if removed(lower) or lower.decode("ascii") in OURS or lower.startswith(b"content-"):
            continue
        text = decode_words(field_value(one).decode("utf-8", "replace"))
        kept.append((one.partition(b":")[0].decode("ascii"), text))
    return tuple(kept)
