"""Mails that come back, taken apart without strictness: headers, texts, and the attached reports.

Senders of bounces keep few rules, so the standard library's forgiving parser reads them; it is
slow, which does not matter for what is one mail in a hundred. Nothing here raises for what a mail
holds.
"""

import email
import email.policy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Final

from tayori.mail.encoded_word import decode_words
from tayori.mail.html_text import text_from_html
from tayori.mail.parameters import decode_text

MOST_PARTS: Final = 200
LONGEST_TEXT: Final = 64 * 1024
"""Characters of readable text that are looked at."""
_LONGEST_HEADER: Final = 2_000

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
    original: Fields | None = None
    """The header of the mail that it is about, when it is attached."""

    def header(self, name: str) -> str:
        """Return a header's decoded value, "" when it is absent."""
        return self.fields.get(name.lower(), "")


def read_returned(raw: bytes) -> Returned:
    """Take a mail apart; octets that are no mail give a value without anything in it."""
    parsed = email.message_from_bytes(raw, policy=email.policy.compat32)
    texts: list[str] = []
    blocks: tuple[Fields, ...] = ()
    feedback = original = None
    for part in _leaves(parsed):
        kind = part.get_content_type().lower()
        if kind == "message/delivery-status":
            blocks = blocks or _blocks(part)
        elif kind == "message/feedback-report":
            feedback = feedback or _one(part)
        elif kind in {"message/rfc822", "text/rfc822-headers", "message/rfc822-headers"}:
            original = original or _embedded(part)
        elif kind in {"text/plain", "text/html"}:
            texts.append(_text(part, html=kind == "text/html"))
    return Returned(
        fields=_fields(parsed),
        report_type=str(parsed.get_param("report-type") or "").lower(),
        text="\n".join(text for text in texts if text)[:LONGEST_TEXT],
        blocks=blocks,
        feedback=feedback,
        original=original,
    )


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


def _blocks(part: Message) -> tuple[Fields, ...]:
    inside = part.get_payload()
    if isinstance(inside, list):
        found = [_fields(block) for block in inside if isinstance(block, Message)]
    else:
        texts = _octets(part).decode("utf-8", "replace").replace("\r\n", "\n").split("\n\n")
        found = [_fields(email.message_from_string(text.strip())) for text in texts]
    return tuple(block for block in found if block)[:MOST_PARTS]


def _one(part: Message) -> Fields:
    """Return the fields of a report that is one group, wherever the parser has put them."""
    merged: dict[str, str] = {}
    for block in _blocks(part):
        merged = {**block, **merged}
    return merged


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


def _octets(part: Message) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _text(part: Message, *, html: bool) -> str:
    charset = str(part.get_content_charset() or "utf-8")
    text = decode_text(_octets(part), charset)[:LONGEST_TEXT].replace("\r\n", "\n")
    return text_from_html(text) if html else text
