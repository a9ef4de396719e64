"""Mails that come back, taken apart without strictness: headers, texts, and the attached reports.

Senders of bounces keep few rules, so the standard library's forgiving parser reads them; it is
slow, which does not matter for what is one mail in a hundred. Nothing here raises for what a mail
holds.
"""

import email
import email.policy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.errors import MessageError
from email.message import Message
from typing import Final

from tayori.mail.encoded_word import decode_words
from tayori.mail.html_text import text_from_html
from tayori.mail.parameters import decode_text

MOST_PARTS: Final = 200
LONGEST_TEXT: Final = 64 * 1024
"""Characters of readable text that are looked at."""
LONGEST_REPORT: Final = 256 * 1024
"""Octets of a machine-readable report that are looked at."""
_LONGEST_HEADER: Final = 2_000

_STATUS: Final = frozenset({"message/delivery-status", "message/global-delivery-status"})
_ORIGINAL: Final = frozenset(
    {
        *("message/rfc822", "text/rfc822-headers", "message/rfc822-headers"),
        *("message/global", "message/global-headers"),  # RFC 6533, RFC 6532
    }
)
_ENCODINGS: Final = frozenset({"base64", "quoted-printable"})
_REPORT_AS_TEXT: Final = re.compile(r"\s*(?:reporting-mta|final-recipient) ?:", re.IGNORECASE)
_EMPTY_LINE: Final = re.compile(r"\n[ \t]*\n")

Fields = Mapping[str, str]
"""Header fields by lower-case name; the first of each counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """What there is in a mail; `blocks` are the groups of a machine-readable report's fields."""

    fields: Fields = field(repr=False)
    report_type: str = ""
    text: str = field(default="", repr=False)
    blocks: tuple[Fields, ...] = ()
    feedback: Fields | None = None
    reported_to: tuple[str, ...] = ()
    """Every Original-Rcpt-To of a complaint, which may name several (RFC 5965 3.2)."""
    disposition: Fields | None = None
    """What a program or a person did with the mail after delivery (RFC 8098)."""
    original: Fields | None = None
    """The header of the mail that it is about, when it is attached."""
    attachments: tuple[str, ...] = ()
    """The names of attached files, in lower case."""

    def header(self, name: str) -> str:
        """Return a header's decoded value, "" when it is absent."""
        return self.fields.get(name.lower(), "")


def read_returned(raw: bytes) -> Returned:
    """Take a mail apart; octets that are no mail give a value without anything in it."""
    parsed = email.message_from_bytes(raw, policy=email.policy.compat32)
    texts: list[str] = []
    names: list[str] = []
    blocks: tuple[Fields, ...] = ()
    reported: tuple[str, ...] = ()
    feedback = original = disposition = None
    for part in _leaves(parsed):
        kind = part.get_content_type().lower()
        names.append(_file_name(part))
        if kind in _STATUS:
            blocks = blocks or _blocks(_report_text(part))
        elif kind == "message/feedback-report" and feedback is None:
            report = _report_text(part)
            feedback, reported = _one(report), _all_of(report, "original-rcpt-to")
        elif kind == "message/disposition-notification":
            disposition = disposition or _one(_report_text(part))
        elif kind in _ORIGINAL:
            original = original or _embedded(part)
        elif kind in {"text/plain", "text/html"}:
            text = _text(part, html=kind == "text/html")
            if not blocks and _REPORT_AS_TEXT.match(text):
                blocks = _blocks(text)
            else:
                texts.append(text)
    return Returned(
        fields=_fields(parsed),
        report_type=str(parsed.get_param("report-type") or "").lower(),
        text="\n".join(text for text in texts if text)[:LONGEST_TEXT],
        blocks=blocks,
        feedback=feedback,
        reported_to=reported,
        disposition=disposition,
        original=original,
        attachments=tuple(name for name in names if name),
    )


def header_fields(text: str) -> Fields:
    """Return the fields of a header that is given as text."""
    return _fields(email.message_from_string(text))


def _leaves(message: Message) -> Iterator[Message]:
    """Yield the parts that hold something, the attached mail as one of them."""
    waiting, seen = [message], 0
    while waiting and seen < MOST_PARTS:
        part = waiting.pop()
        seen += 1
        inside = part.get_payload() if part.is_multipart() else None
        is_report = part.get_content_maintype() == "message"
        if isinstance(inside, list) and not is_report:
            waiting.extend(one for one in reversed(inside) if isinstance(one, Message))
        else:
            yield part


def _report_text(part: Message) -> str:
    """Return a report as it was written; the parser has taken its groups for mails."""
    inside = part.get_payload()
    if isinstance(inside, list):
        octets = b"\n".join(_written(one) for one in inside if isinstance(one, Message))
    else:
        octets = _octets(part)
    encoding = str(part.get("Content-Transfer-Encoding") or "").strip().lower()
    if isinstance(inside, list) and encoding in _ENCODINGS:
        # A report has no encoding (RFC 3464 2.1.1), but gateways encode every part that they see.
        wrapped = Message()
        wrapped["Content-Transfer-Encoding"] = encoding
        wrapped.set_payload(octets.strip().decode("ascii", "replace"))
        octets = _octets(wrapped)
    return octets[:LONGEST_REPORT].decode("utf-8", "replace").replace("\r\n", "\n")


def _written(message: Message) -> bytes:
    try:
        return message.as_bytes()
    except (ValueError, LookupError, TypeError, MessageError):
        # What the parser took from a stranger cannot always be written again.
        return b""


def _blocks(report: str) -> tuple[Fields, ...]:
    found = (header_fields(text.strip()) for text in _EMPTY_LINE.split(report))
    return tuple(block for block in found if block)[:MOST_PARTS]


def _one(report: str) -> Fields:
    """Return the fields of a report that is one group, however it is spaced."""
    merged: dict[str, str] = {}
    for block in _blocks(report):
        merged = {**block, **merged}
    return merged


def _all_of(report: str, name: str) -> tuple[str, ...]:
    found = [
        " ".join(str(value).split())
        for text in _EMPTY_LINE.split(report)
        for value in email.message_from_string(text.strip()).get_all(name, [])
    ]
    return tuple(found)[:MOST_PARTS]


def _embedded(part: Message) -> Fields:
    inside = part.get_payload()
    if isinstance(inside, list) and inside and isinstance(inside[0], Message):
        return _fields(inside[0])
    return _fields(email.message_from_bytes(_octets(part).lstrip()))


def _fields(message: Message) -> Fields:
    found: dict[str, str] = {}
    for name, value in message.raw_items():
        text = str(value).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        unfolded = " ".join(text.split())[:_LONGEST_HEADER]
        found.setdefault(name.lower(), decode_words(unfolded))
    return found


def _file_name(part: Message) -> str:
    try:
        return str(part.get_filename() or "").lower()[:_LONGEST_HEADER]
    except (ValueError, LookupError, TypeError):
        # The library decodes names in any charset that a stranger makes up.
        return ""


def _octets(part: Message) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _text(part: Message, *, html: bool) -> str:
    charset = str(part.get_content_charset() or "utf-8")
    text = decode_text(_octets(part), charset)[:LONGEST_TEXT].replace("\r\n", "\n")
    return text_from_html(text) if html else text
