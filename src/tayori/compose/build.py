"""Builds and signs one recipient's mail.

Equal arguments give equal octets: Date, Message-ID and boundaries come from the recipe, so a retry
repeats the same mail and a receiver can recognise it. The choice of 7-bit or 8-bit is made before
signing, since a signature does not survive re-encoding (RFC 6376 5.3).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from tayori.catalog.variables import MissingVariable, VariableFault, split_variables
from tayori.compose.content import Content
from tayori.compose.links import linker_for, marks
from tayori.compose.list_headers import LIST_UNSUBSCRIBE, list_fields
from tayori.compose.model import Recipe, RecipeAttachment, RecipeMailbox
from tayori.compose.raw import transmitted
from tayori.compose.rewriting import Rewriter
from tayori.mail import dkim, mime
from tayori.mail.address import AddressError, Mailbox, parse_address
from tayori.mail.entity import Malformed
from tayori.mail.header import encode_mailboxes, encode_raw, encode_text, format_date
from tayori.mail.return_path import REFERENCE, REFERENCE_HEADER
from tayori.mail.return_path import encode as encode_token


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the receiver takes, as its EHLO said."""

    eight_bit: bool = False
    smtputf8: bool = False


@dataclass(frozen=True, slots=True)
class Mail:
    """A finished mail; `eight_bit` and `smtputf8` are what its envelope has to declare."""

    return_path: str
    content: bytes
    eight_bit: bool
    smtputf8: bool


class CompositionError(Exception):
    """A stored recipe does not compose, which the door should have refused: our fault."""


def fill_subject(subject: str, values: Mapping[str, str]) -> str | MissingVariable:
    """Return a template mail's subject; braces that are no variable stay as they are."""
    split = _split_subject(subject)
    if isinstance(split, VariableFault):
        return subject
    filled = split.fill(values)
    if isinstance(filled, str):
        # A value may hold line breaks; a subject is one line (RFC 5322 2.2).
        return " ".join(filled.split())
    return filled


_split_subject = lru_cache(maxsize=1024)(split_variables)
"""The mails of a task have one subject, from the same template."""


def build(
    recipe: Recipe,
    content: Content,
    *,
    recipient_id: int,
    signers: Sequence[dkim.Signer],
    token_key: bytes,
    capabilities: Capabilities,
    link_key: bytes = b"",
) -> Mail:
    """Return the mail for one recipient; CompositionError when the recipe is damaged.

    The content of a recipe with links is `links.linked`, made with the same `link_key`.
    """
    token = encode_token(recipient_id, recipe.date_at, token_key)
    return_path = f"{token}@{recipe.domain}"
    added = [_reference(recipient_id, recipe, token_key)]
    values: Mapping[str, str] = recipe.values
    linker = linker_for(recipe, link_key)
    if linker is not None:
        added += list_fields(recipe, linker, recipient_id, token_key)
    if recipe.raw:
        rewriter = Rewriter(linker, recipient_id) if linker else None
        return _as_it_came(recipe, (return_path, added), rewriter, signers, capabilities)
    if linker is not None:
        values = marks(content, linker, recipient_id, values)
    parts = _parts(content, values, eight_bit=capabilities.eight_bit)
    subject: str | MissingVariable = recipe.subject
    if recipe.template:
        subject = fill_subject(recipe.subject, recipe.values)
    if isinstance(parts, MissingVariable) or isinstance(subject, MissingVariable):
        raise CompositionError(f"Message {recipe.public_id} lacks a value for a variable.")
    entity = build_entity(parts, recipe.attachments, seed=recipe.public_id.encode())
    fields, utf8 = _fields(recipe, subject, capabilities)
    fields += added
    described = [*fields, mime.VERSION_FIELD, *entity.fields]
    signatures = dkim.signature_fields(
        described, dkim.body_hash(entity.body), signers, signed_at=recipe.date_at
    )
    return Mail(
        return_path=return_path,
        content=mime.assemble([*signatures, *fields], entity),
        eight_bit=entity.eight_bit,
        smtputf8=utf8,
    )


def _reference(recipient_id: int, recipe: Recipe, token_key: bytes) -> bytes:
    """Return the header that names the recipient in a complaint without addresses."""
    token = encode_token(recipient_id, recipe.date_at, token_key, REFERENCE)
    return encode_raw(REFERENCE_HEADER.encode("ascii"), token.encode("ascii"))


def _as_it_came(
    recipe: Recipe,
    ours: tuple[str, Sequence[bytes]],
    rewriter: Rewriter | None,
    signers: Sequence[dkim.Signer],
    capabilities: Capabilities,
) -> Mail:
    """Return a mail that came as a whole; `ours` are the return path and the fields added."""
    copy = transmitted(
        recipe, _feedback_id(recipe), eight_bit=capabilities.eight_bit, rewriter=rewriter
    )
    if isinstance(copy, Malformed):
        raise CompositionError(f"Message {recipe.public_id} cannot be read: {copy.sentence}")
    fields = (*ours[1], *copy.fields)
    signatures = dkim.signature_fields(
        fields, dkim.body_hash(copy.body), signers, signed_at=recipe.date_at
    )
    return Mail(
        return_path=ours[0],
        content=b"".join([*signatures, *fields, b"\r\n", copy.body]),
        eight_bit=copy.eight_bit,
        smtputf8=copy.smtputf8,
    )


def _parts(
    content: Content, values: Mapping[str, str], *, eight_bit: bool
) -> list[mime.Entity] | MissingVariable:
    """Return text, HTML or both; a mail without either is an empty text."""
    parts: list[mime.Entity] = []
    for prepared in content.prepared(eight_bit=eight_bit):
        part = prepared.fill(values)
        if isinstance(part, MissingVariable):
            return part
        if part is not None:
            parts.append(part)
    return parts or [mime.text_part("")]


def build_entity(
    parts: Sequence[mime.Entity], attachments: Sequence[RecipeAttachment], *, seed: bytes
) -> mime.Entity:
    """Return the MIME entity: text, alternative, or mixed with attachments (RFC 2046 5.1)."""
    entity = parts[0] if len(parts) == 1 else mime.multipart(b"alternative", parts, seed + b"/a")
    if not attachments:
        return entity
    files = [mime.attachment_part(item.file_name, item.content) for item in attachments]
    return mime.multipart(b"mixed", [entity, *files], seed + b"/m")


def _fields(recipe: Recipe, subject: str, capabilities: Capabilities) -> tuple[list[bytes], bool]:
    header_from = _mailboxes((recipe.header_from,))
    to, cc = _mailboxes(recipe.to), _mailboxes(recipe.cc)
    reply_to = _mailboxes(recipe.reply_to)
    shown = [*header_from, *to, *cc, *reply_to]
    utf8 = capabilities.smtputf8 and any(mailbox.needs_smtputf8 for mailbox in shown)
    fields = [
        encode_raw(b"Date", format_date(recipe.date_at)),
        _shared_field(b"From", (recipe.header_from,), utf8),
    ]
    if reply_to:
        fields.append(_shared_field(b"Reply-To", recipe.reply_to, utf8))
    for name, mailboxes in ((b"To", to), (b"Cc", cc)):
        if mailboxes:
            fields.append(encode_mailboxes(name, mailboxes, utf8=utf8))
    if not to and not cc:
        # A mail to hidden recipients only still names its addressees, as an empty group.
        fields.append(encode_raw(b"To", b"undisclosed-recipients:;"))
    fields.append(encode_text(b"Subject", subject, utf8=utf8))
    fields.append(encode_raw(b"Message-ID", recipe.rfc_message_id.encode("ascii")))
    fields.append(encode_raw(b"Feedback-ID", _feedback_id(recipe)))
    listed = recipe.links is not None and recipe.links.language > 0
    fields += [
        encode_text(name.encode("ascii"), value)
        for name, value in recipe.headers
        if not (listed and name.lower() in LIST_UNSUBSCRIBE)
    ]
    return fields, utf8


def _feedback_id(recipe: Recipe) -> bytes:
    """Return what Gmail groups complaints by: tag or template, stream, account, service."""
    template: str | int = recipe.tag or (recipe.template[0] if recipe.template else 0)
    stream = "trigger" if recipe.trigger else "normal"
    return f"{template}:{stream}:{recipe.app_id}:tayori".encode("ascii")


def _mailboxes(stored: Sequence[RecipeMailbox]) -> list[Mailbox]:
    return [_mailbox(item) for item in stored]


@lru_cache(maxsize=1024)
def _mailbox(stored: RecipeMailbox) -> Mailbox:
    address = parse_address(stored.address)
    if isinstance(address, AddressError):
        raise CompositionError(f"A stored address does not parse: {address.sentence}")
    return Mailbox(display_name=stored.display_name, address=address)


@lru_cache(maxsize=1024)
def _shared_field(name: bytes, stored: tuple[RecipeMailbox, ...], utf8: bool) -> bytes:  # noqa: FBT001 - remembered by its arguments
    """Return a field that all mails of a sender have in common."""
    return encode_mailboxes(name, _mailboxes(stored), utf8=utf8)
