"""Mail to a customer's domain goes to the address that is set for it, through the one door.

It goes as a mail of ours: From becomes a sender of the domain with the author's name, replies go to
the author, and it is signed and limited like any other mail. What has been forwarded before, or
passed too many servers, stops here.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from tayori.accept.checks.headers import MESSAGE_ID
from tayori.accept.idempotency import Token
from tayori.accept.submission import Accepted, RawMail, Source, Submission
from tayori.catalog.model import Sender
from tayori.inbound.looking import WRITTEN
from tayori.inbound.routing import Destination, Router
from tayori.inbound.spool import SpooledMail
from tayori.mail.address import Address, AddressError, Mailbox, parse_address
from tayori.mail.address_list import read_mailboxes
from tayori.mail.encoded_word import decode_words
from tayori.mail.entity import Malformed, read_mail
from tayori.mail.header import encode_mailboxes, encode_raw
from tayori.mail.message import Message, field_name, split_message
from tayori.mail.reply import Reply
from tayori.refusal.refusal import Refusal
from tayori.refusal.table import message as sentence_of
from tayori.tenants.model import Account

MAX_HOPS: Final = 30
"""Received fields beyond which a mail runs in a circle (RFC 5321 6.3)."""
LOOP_HEADER: Final = b"X-Loop"
_REWRITTEN: Final = WRITTEN | frozenset(
    {b"from", b"sender", b"reply-to", b"bcc", b"return-receipt-to"}
)
_LONGEST_SUBJECT: Final = 998


class Senders(Protocol):
    """Lists an account's senders."""

    async def list(self, account_id: int) -> Sequence[Sender]:
        """Return them, newest first."""
        ...


class Accounts(Protocol):
    """Finds accounts."""

    async def get(self, account_id: int) -> Account | Refusal:
        """Return one."""
        ...


@dataclass(frozen=True, slots=True)
class NotForwarded:
    """Why a mail is kept aside instead, as a sentence."""

    note: str


class Forwarder:
    """Hands mails to the door; the same mail twice is taken once."""

    def __init__(
        self,
        *,
        accept: Callable[[Submission], Awaitable[Accepted | Refusal]],
        accounts: Accounts,
        senders: Senders,
        router: Router,
    ) -> None:
        self._accept = accept
        self._accounts = accounts
        self._senders = senders
        self._router = router

    async def forward(
        self, mail: SpooledMail, destination: Destination, fields: Sequence[bytes] = ()
    ) -> str | NotForwarded:
        """Forward a mail that came for a destination; return what became of it.

        `fields` are further header fields, each with its CRLF.
        """
        domain = destination.domain
        if domain is None or not domain.forward_to:
            return NotForwarded("Forwarding was switched off meanwhile.")
        parts = split_message(mail.content)
        fault = loop_fault(parts, destination.address)
        if not isinstance(await self._router.route(domain.forward_to), Reply):
            fault = f"{domain.forward_to} leads back to us."
        if fault:
            return NotForwarded(fault)
        account = await self._accounts.get(domain.account_id)
        sender = await self._sender(domain.account_id, destination.address)
        to = parse_address(domain.forward_to)
        if isinstance(account, Refusal) or sender is None or isinstance(to, AddressError):
            return NotForwarded(f"{domain.name} has no sender address to forward from.")
        submission = _submission(mail, parts, (account, sender, to), destination, fields)
        if isinstance(submission, Malformed):
            return NotForwarded(f"It cannot be forwarded: {submission.sentence}")
        return _told(await self._accept(submission), domain.forward_to)

    async def _sender(self, account_id: int, address: str) -> Address | None:
        """Return the sender that was written to, else the oldest of its domain."""
        domain = address.rpartition("@")[2]
        own = [
            each.address
            for each in await self._senders.list(account_id)
            if each.address.domain == domain
        ]
        same = [each for each in own if each.addr.lower() == address.lower()]
        return next(iter([*same, *reversed(own)]), None)


def _told(answer: Accepted | Refusal, to: str) -> str | NotForwarded:
    if isinstance(answer, Refusal):
        why = answer.detail or sentence_of(answer)
        return NotForwarded(f"It was not forwarded to {to}: {why}")
    return f"Forwarded to {to} as {answer.message_id}."


def loop_fault(parts: Message, address: str) -> str:
    """Return why a mail must not be forwarded for an address once more, "" when it may."""
    if len(parts.values(b"received")) > MAX_HOPS:
        return f"It passed more than {MAX_HOPS} servers: it runs in a circle."
    seen = {value.decode("ascii", "replace").lower() for value in parts.values(LOOP_HEADER)}
    return "It was forwarded for this address before." if address.lower() in seen else ""


def _submission(
    mail: SpooledMail,
    parts: Message,
    who: tuple[Account, Address, Address],
    destination: Destination,
    further: Sequence[bytes],
) -> Submission | Malformed:
    account, sender, to = who
    identity_id = destination.domain.identity_id if destination.domain else 0
    octets = rewritten(parts, sender, destination.address, further)
    read = read_mail(octets)
    if isinstance(read, Malformed):
        return read
    message_id = (parts.first(b"message-id") or b"").decode("ascii", "replace")
    subject = decode_words((parts.first(b"subject") or b"").decode("utf-8", "replace"))
    return Submission(
        account=account,
        source=Source.FORWARD,
        sender=Mailbox(address=sender),
        subject=_one_line(subject),
        to=(Mailbox(address=to),),
        html="",
        text="",
        # None of it is looked at part by part: a customer may well be sent what it may not send.
        raw=RawMail(octets=octets, other_size=len(octets)),
        rfc_message_id=message_id if MESSAGE_ID.match(message_id) else "",
        token=Token(
            account_id=account.id,
            action="forward",
            key=f"inbound-{mail.id}-{identity_id}",
            fingerprint=destination.address,
        ),
    )


def _one_line(subject: str) -> str:
    text = "".join(char if char.isprintable() else " " for char in subject)
    return text.strip()[:_LONGEST_SUBJECT] or "(no subject)"


def rewritten(
    parts: Message, sender: Address, address: str, further: Sequence[bytes] = ()
) -> bytes:
    """Return a mail as it goes on: from a sender of ours, with replies to its author."""
    author = _author(parts)
    reply_to = parts.first(b"reply-to")
    shown = (author.display_name or author.address.addr) if author else "unknown"
    name = f"{shown} via {sender.domain}"
    fields = [
        encode_mailboxes(b"From", [Mailbox(display_name=name, address=sender)]),
        encode_raw(LOOP_HEADER, address.encode("ascii", "replace")),
        *further,
    ]
    if reply_to:
        fields.append(_as_utf8(b"Reply-To: %b\r\n" % reply_to))
    elif author is not None:
        fields.append(encode_mailboxes(b"Reply-To", [author]))
    kept = [_as_utf8(one) for one in parts.fields if field_name(one) not in _REWRITTEN]
    if parts.first(b"subject") is None:
        fields.append(encode_raw(b"Subject", b"(no subject)"))
    return b"".join([*fields, *kept, b"\r\n", parts.body])


def _as_utf8(field: bytes) -> bytes:
    """Return a header field in UTF-8; what was in no charset that is named stays readable."""
    try:
        field.decode()
    except UnicodeDecodeError:
        return field.decode("latin-1").encode()
    return field


def _author(parts: Message) -> Mailbox | None:
    found = read_mailboxes((parts.first(b"from") or b"").decode("utf-8", "replace"))
    return None if isinstance(found, AddressError) or not found else found[0]
