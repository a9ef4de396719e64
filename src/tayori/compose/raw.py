"""The transmitted copy of a mail that came by SMTP: its content as it came, its header finished.

Removed are trace and authentication fields of earlier hands, Bcc, and the options meant for us;
added is what RFC 6409 8 lets a submission server add. The octets of parts stay as they are, unless
the receiver cannot take eight bits and the standards allow to re-encode.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from email.utils import parsedate_tz
from typing import Final

from tayori.compose.list_headers import LIST_UNSUBSCRIBE
from tayori.compose.model import Recipe
from tayori.compose.rewriting import Rewriter
from tayori.mail.address import AddressError
from tayori.mail.address_list import read_mailboxes
from tayori.mail.downgrade import ascii_headers, needs_smtputf8, seven_bit, with_encoding
from tayori.mail.entity import Malformed, Part, read_mail
from tayori.mail.header import encode_raw, format_date
from tayori.mail.message import field_name, field_value
from tayori.mail.mime import VERSION_FIELD
from tayori.mail.return_path import REFERENCE_HEADER

OPTION_PREFIX: Final = b"x-tayori-"
REMOVED: Final = frozenset(
    {
        *(b"bcc", b"received", b"return-path", b"delivered-to", b"x-original-to"),
        *(b"dkim-signature", b"domainkey-signature", b"authentication-results"),
        *(b"received-spf", b"feedback-id", b"content-length", b"status", b"x-status"),
        REFERENCE_HEADER.lower().encode("ascii"),
    }
)
"""Fields of a submitted mail that never travel on."""
_REMOVED_PREFIXES: Final = (b"arc-", b"resent-", OPTION_PREFIX)
_OF_LISTS: Final = frozenset(name.encode("ascii") for name in LIST_UNSUBSCRIBE)
_ADDRESSES: Final = frozenset({b"to", b"cc", b"reply-to"})
_MIME: Final = frozenset({b"content-type", b"content-transfer-encoding"})


@dataclass(frozen=True, slots=True)
class Copy:
    """A mail without signature: fields in order, body, and what its envelope has to declare."""

    fields: tuple[bytes, ...]
    body: bytes
    eight_bit: bool
    smtputf8: bool


def transmitted(
    recipe: Recipe, feedback_id: bytes, *, eight_bit: bool, rewriter: Rewriter | None = None
) -> Copy | Malformed:
    """Return the copy for a receiver with or without 8BITMIME; the same octets each time."""
    part = read_mail(recipe.raw)
    if isinstance(part, Malformed):
        return part
    if rewriter is not None:
        part = rewriter.rewrite(part)
    part = ascii_headers(replace(part, fields=finished(part, recipe, feedback_id)))
    part = _described(part)
    if not eight_bit:
        part = seven_bit(part) or part
    body = part.body
    return Copy(part.fields, body, not body.isascii(), needs_smtputf8(part))


def finished(part: Part, recipe: Recipe, feedback_id: bytes) -> tuple[bytes, ...]:
    """Return the header's fields without what must not travel, with what was missing."""
    kept = [field for field in part.fields if _stays(field, recipe)]
    names = {field_name(field) for field in kept}
    added: list[bytes] = [encode_raw(b"Feedback-ID", feedback_id)]
    if b"date" not in names:
        added.append(encode_raw(b"Date", format_date(recipe.date_at)))
    if b"message-id" not in names:
        added.append(encode_raw(b"Message-ID", recipe.rfc_message_id.encode("ascii")))
    if not names & {b"to", b"cc"}:
        added.append(encode_raw(b"To", b"undisclosed-recipients:;"))
    if names & _MIME and b"mime-version" not in names:
        added.append(VERSION_FIELD)
    return (*added, *kept)


def removed(name: bytes) -> bool:
    """Tell whether a field of this lower-case name is never sent on."""
    return name in REMOVED or name.startswith(_REMOVED_PREFIXES)


def _stays(field: bytes, recipe: Recipe) -> bool:
    name, value = field_name(field), field_value(field)
    if removed(name) or (name in _ADDRESSES and not value):
        return False
    if name in _OF_LISTS and recipe.links is not None and recipe.links.language:
        return False
    if name == b"message-id":
        return value == recipe.rfc_message_id.encode("ascii")
    if name == b"date":
        return parsedate_tz(value.decode("ascii", "replace")) is not None
    if name == b"sender":
        mailboxes = read_mailboxes(value.decode("utf-8", "replace"))
        return not isinstance(mailboxes, AddressError) and [
            mailbox.address.domain for mailbox in mailboxes
        ] == [recipe.domain]
    return True


def _described(part: Part) -> Part:
    """Return the mail with what a body of eight bits needs to be read (RFC 2045 2.8, 6.2)."""
    if part.parts or part.encoding or part.body.isascii():
        return part
    names = [field_name(field) for field in part.fields]
    missing: Sequence[bytes] = ()
    if b"content-type" not in names:
        missing = (encode_raw(b"Content-Type", b"text/plain; charset=utf-8"),)
    version = () if b"mime-version" in names else (VERSION_FIELD,)
    return with_encoding(replace(part, fields=(*part.fields, *version, *missing)), b"8bit")
