"""A mail as SMTP brought it, read into the door's submission; decides nothing but readability."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from tayori.accept.checks.headers import MESSAGE_ID
from tayori.accept.door import CALLBACK_PREFIX
from tayori.accept.submission import RawMail, Source, Submission, SubmittedAttachment
from tayori.compose.raw import OPTION_PREFIX
from tayori.edge.submission.options import Options, read_options
from tayori.edge.submission.repeats import token_of
from tayori.edge.submission.template_mail import template_submission
from tayori.mail.address import Address, AddressError, Mailbox, parse_mailbox
from tayori.mail.downgrade import ascii_headers, needs_smtputf8
from tayori.mail.encoded_word import decode_words
from tayori.mail.entity import Malformed, Part, read_mail
from tayori.mail.message import field_name, field_value
from tayori.mail.parameters import without_comments
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import NOTHING, Saying, say
from tayori.tenants.model import Account

MAX_HOPS: Final = 50
"""Received fields beyond which a mail runs in a circle (RFC 5321 6.3)."""
_CALLBACKS: Final = CALLBACK_PREFIX.encode("ascii")
_SIGNATURES: Final = frozenset(
    {"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"}
)


@dataclass(slots=True)
class Read:
    """What a mail consists of."""

    html: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    attachments: list[SubmittedAttachment] = field(default_factory=list)
    other_size: int = 0


def read_submission(
    content: bytes,
    envelope: Sequence[Mailbox],
    *,
    account: Account,
    login: Address,
    smtputf8: bool,
    require_tls: bool = False,
) -> Submission | Refusal:
    """Return the mail as a submission; a refusal says what cannot be read and where.

    `content` is as `smtp.handler.Handler.data` gets it: its lines end with CRLF only.
    """
    part = read_mail(content, crlf=True)
    if isinstance(part, Malformed):
        wrong = Code.INVALID_PARAMETER_VALUE__ATTACH_CONTENT_IS_WRONG
        return refuse(
            wrong if part.data else Code.FAILED_OPERATION__PROTOCOL_CHECK_ERR, part.saying
        )
    header = _Header(part)
    fault = _fault(part, header, ascii_only=content.isascii(), smtputf8=smtputf8)
    if fault:
        return refuse(Code.FAILED_OPERATION__PROTOCOL_CHECK_ERR, fault)
    sender = _sender(header)
    if isinstance(sender, Refusal):
        return sender
    options = read_options(part.fields) if header.has(OPTION_PREFIX) else Options()
    if isinstance(options, Refusal):
        return options
    submission = _submission((part, header, content), envelope, (account, login, sender), options)
    tls = _tls(header, require_tls=require_tls)
    if tls:
        submission = replace(submission, tls=tls)
    if options.template_id is None:
        return submission
    return template_submission(part, submission, options)


def _submission(
    mail: tuple[Part, "_Header", bytes],
    envelope: Sequence[Mailbox],
    who: tuple[Account, Address, Mailbox],
    options: Options,
) -> Submission:
    part, header, content = mail
    read = read_parts(part)
    message_id = header.value(b"message-id")
    subject = decode_words(header.value(b"subject"))
    return Submission(
        account=who[0],
        source=Source.SMTP,
        sender=who[2],
        login=who[1],
        subject=subject,
        to=tuple(envelope),
        html="".join(read.html),
        text="".join(read.text).strip("\r\n"),
        attachments=tuple(read.attachments),
        raw=RawMail(octets=content, other_size=read.other_size),
        rfc_message_id=message_id if MESSAGE_ID.match(message_id) else "",
        headers=callback_headers(part) if header.has(_CALLBACKS) else (),
        unsubscribe=options.unsubscribe,
        tracking=options.tracking,
        trigger=options.trigger,
        tag=options.tag,
        token=token_of(who[0], part, (who[2], envelope, subject), options),
    )


def _tls(header: "_Header", *, require_tls: bool) -> str:
    """Return what the sender asks about TLS; the parameter goes before the header (RFC 8689 3)."""
    if require_tls:
        return "require"
    return "optional" if header.value(b"tls-required").strip().lower() == "no" else ""


def read_parts(part: Part) -> Read:
    """Return texts, files, and the size of what is neither."""
    read = Read()
    for leaf, signed in part.leaves():
        kind = leaf.kind.value
        disposition = leaf.disposition.value if leaf.disposition else ""
        named = disposition == "attachment" or bool(leaf.file_name)
        inline = kind.startswith("image/") and disposition != "attachment"
        if inline or (signed and kind in _SIGNATURES):
            read.other_size += len(leaf.content)
        elif kind.startswith("text/") and not named:
            (read.html if kind == "text/html" else read.text).append(leaf.text)
        else:
            read.attachments.append(
                SubmittedAttachment(file_name=leaf.file_name, content=leaf.content)
            )
    return read


def callback_headers(part: Part) -> tuple[tuple[str, str], ...]:
    """Return the headers that travel to the callbacks."""
    return tuple(
        (one.partition(b":")[0].decode("ascii"), decode_words(_text(one)))
        for one in part.fields
        if field_name(one).startswith(_CALLBACKS)
    )


class _Header:
    """The fields of a mail by name; of a name that stands there twice, the first."""

    def __init__(self, part: Part) -> None:
        self._first = {field_name(one): one for one in reversed(part.fields)}
        self._private = [name for name in self._first if name.startswith(b"x-")]

    def __contains__(self, name: bytes) -> bool:
        return name in self._first

    def has(self, prefix: bytes) -> bool:
        """Tell whether a name begins so, which has to be one of those that begin with X-."""
        return any(name.startswith(prefix) for name in self._private)

    def value(self, name: bytes) -> str:
        """Return the value of a field, unfolded, "" where there is none."""
        one = self._first.get(name)
        return "" if one is None else _text(one)


def _text(one: bytes) -> str:
    return field_value(one).decode("utf-8", "replace")


def _sender(header: _Header) -> Mailbox | Refusal:
    text = header.value(b"from")
    mailbox = parse_mailbox(without_comments(text))
    if isinstance(mailbox, AddressError):
        return refuse(
            Code.FAILED_OPERATION__PROTOCOL_CHECK_ERR,
            say("The From header: {fault}", fault=mailbox.saying),
        )
    return mailbox


def _fault(part: Part, header: _Header, *, ascii_only: bool, smtputf8: bool) -> Saying:
    if b"received" in header and _hops(part) > MAX_HOPS:
        return say(
            "The mail has passed more than {most} servers; it runs in a circle.", most=MAX_HOPS
        )
    version = without_comments(header.value(b"mime-version")).strip()
    if version not in {"", "1.0"}:
        return say("MIME-Version must be 1.0 (RFC 2045 4).")
    return NOTHING if ascii_only else _eight_bit_fault(part, header, smtputf8=smtputf8)


def _hops(part: Part) -> int:
    return sum(field_name(one) == b"received" for one in part.fields)


def _eight_bit_fault(part: Part, header: _Header, *, smtputf8: bool) -> Saying:
    """Return what is wrong with octets above 127."""
    if not _headers_are_utf8(part):
        return say(
            "A header holds octets that are not UTF-8; write it with encoded words (RFC 2047)."
        )
    if not smtputf8 and needs_smtputf8(ascii_headers(part)):
        return say("A header holds an address that is not ASCII, which needs SMTPUTF8 (RFC 6531).")
    if b"content-type" not in header and not _is_utf8(part.body):
        return say("The text is not UTF-8 and no Content-Type names its charset (RFC 2045 5.2).")
    return NOTHING


def _headers_are_utf8(part: Part) -> bool:
    return all(map(_is_utf8, part.fields)) and all(map(_headers_are_utf8, part.parts))


def _is_utf8(octets: bytes) -> bool:
    try:
        octets.decode()
    except UnicodeDecodeError:
        return False
    return True
