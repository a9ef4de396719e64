"""A received mail read for people: header fields, text, HTML, attachments (pure).

Never fails, whatever the octets are: what cannot be read is shown as it came or left out. The
standard library parses; each question to it is guarded, because it raises on some malformed mails.
"""

import base64
import codecs
import email
import email.policy
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage, Message
from typing import TypeVar

from tayori.mail.encoded_word import decode_words
from tayori.mail.html_text import text_from_html
from tayori.mail.message import split_message

MAX_PARTS = 200
"""Parts of a mail that are shown."""
MAX_INLINE = 2 * 1024 * 1024
"""Octets of an image that is shown within the preview of the HTML."""
SNIPPET = 140
_NO_TEXT = frozenset({"punycode", "idna", "undefined", "unicode-escape", "raw-unicode-escape"})
"""Python's codecs that are no charset of mail: slow, or not meant for octets of strangers."""
_CID = re.compile(r"cid:([^\s\"'<>)]{1,250})", re.IGNORECASE)
_LINE_END = re.compile(r"\r\n?|\n")
_WHITE_SPACE = re.compile(r"\s+")

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A part that is neither the text nor the HTML of the mail."""

    name: str
    content_type: str
    content: bytes
    content_id: str = ""
    """Without brackets; by it the HTML names an image."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadMail:
    """What a mail program would show. Texts are decoded but in no way made safe for HTML."""

    sender: str
    to: str
    subject: str
    date: str
    headers: tuple[tuple[str, str], ...]
    """Names and unfolded, decoded values, in the mail's order."""
    text: str
    html: str
    attachments: tuple[Attachment, ...]

    @property
    def snippet(self) -> str:
        """Return the beginning of the text, in one line."""
        text = self.text or text_from_html(self.html[: SNIPPET * 100])
        return _WHITE_SPACE.sub(" ", text[: SNIPPET * 4]).strip()[:SNIPPET]

    def html_with_images(self) -> str:
        """Return the HTML with the mail's own images put in place of their "cid:" links."""
        images = {
            part.content_id: part
            for part in self.attachments
            if part.content_id
            and part.content_type.startswith("image/")
            and len(part.content) <= MAX_INLINE
        }

        def replaced(match: re.Match[str]) -> str:
            part = images.get(match[1])
            if part is None:
                return match[0]
            data = base64.b64encode(part.content).decode("ascii")
            return f"data:{part.content_type};base64,{data}"

        return _CID.sub(replaced, self.html) if images else self.html


def read_mail(raw: bytes) -> ReadMail:
    """Read a mail."""
    headers = tuple(_headers(raw))
    first: dict[str, str] = {}
    for name, value in headers:
        first.setdefault(name.lower(), value)
    text, html = "", ""
    attachments: list[Attachment] = []
    for part in _parts(raw):
        kind = _safely(part.get_content_type, "application/octet-stream")
        attached = _safely(part.get_content_disposition, None) == "attachment"
        if kind == "text/plain" and not attached and not text:
            text = _text(part)
        elif kind == "text/html" and not attached and not html:
            html = _text(part)
        else:
            attachments.append(_attachment(part, kind, len(attachments) + 1))
    return ReadMail(
        sender=first.get("from", ""),
        to=first.get("to", ""),
        subject=first.get("subject", ""),
        date=first.get("date", ""),
        headers=headers,
        text=text,
        html=html,
        attachments=tuple(attachments),
    )


def decode_text(data: bytes, charset: str) -> str:
    """Return octets as text in a named charset, else as UTF-8; never fails."""
    try:
        name = codecs.lookup(charset).name
        if name.replace("_", "-") not in _NO_TEXT:
            return _scalars(data.decode(name, "replace"))
    except (LookupError, ValueError):
        pass
    return data.decode("utf-8", "replace")


def _headers(raw: bytes) -> Iterator[tuple[str, str]]:
    for field in split_message(raw).fields:
        name, _, value = field.partition(b":")
        text = value.replace(b"\r\n", b"").strip(b" \t").decode("utf-8", "replace")
        yield name.strip().decode("ascii", "replace"), _scalars(decode_words(text))


def _parts(raw: bytes) -> list[EmailMessage]:
    """Return the leaves of the MIME tree; a mail within the mail is one leaf."""
    message = _safely(
        lambda: email.message_from_bytes(raw, policy=email.policy.default), EmailMessage()
    )
    found: list[EmailMessage] = []
    waiting: list[Message] = [message]
    while waiting and len(found) < MAX_PARTS:
        part = waiting.pop()
        inner = part.get_payload()
        kind = _safely(part.get_content_maintype, "")
        if kind == "multipart" and isinstance(inner, list):
            waiting.extend(entity for entity in reversed(inner) if isinstance(entity, Message))
        elif isinstance(part, EmailMessage):
            found.append(part)
    return found


def _content(part: EmailMessage) -> bytes:
    """Return the decoded octets of a leaf; a mail within the mail as it is written."""
    inner = part.get_payload()
    if isinstance(inner, list):
        entities = [entity for entity in inner if isinstance(entity, Message)]
        return b"\r\n".join(_safely(entity.as_bytes, b"") for entity in entities)
    decoded = _safely(lambda: part.get_payload(decode=True), None)
    return decoded if isinstance(decoded, bytes) else b""


def _text(part: EmailMessage) -> str:
    charset = _safely(part.get_content_charset, None) or "utf-8"
    return _LINE_END.sub("\n", decode_text(_content(part), charset))


def _attachment(part: EmailMessage, kind: str, number: int) -> Attachment:
    name = _safely(part.get_filename, None)
    content_id = _safely(lambda: str(part.get("Content-ID", "")), "")
    return Attachment(
        name=_scalars(decode_words(name)) if name else f"part-{number}",
        content_type=_scalars(kind),
        content=_content(part),
        content_id=_scalars(content_id).strip().strip("<>"),
    )


def _scalars(text: str) -> str:
    """Return the text without the lone surrogates that some charsets leave (no UTF-8 has them)."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _safely(ask: Callable[[], T], otherwise: T) -> T:
    """Return what the parser says, or the other value where it raises on malformed input."""
    try:
        return ask()
    except Exception:
        return otherwise
