"""Delivery status notifications (RFC 3464) as values.

`read_dsn` takes the machine-readable part when there is one; the text of the report adds what that
part leaves out. Without such a part the text alone is read (`mail.bounce_text`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tayori.mail.bounce_text import (
    Section,
    Spoken,
    is_delayed,
    looks_like_bounce,
    read_sections,
)
from tayori.mail.quoted_mail import split_quoted
from tayori.mail.returned import Fields, Returned, header_fields

MOST_RECIPIENTS: Final = 100


class DsnAction(StrEnum):
    """What a report says of a recipient (RFC 3464 2.3.3)."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    RELAYED = "relayed"
    EXPANDED = "expanded"


@dataclass(frozen=True, slots=True, kw_only=True)
class DsnRecipient:
    """One recipient of a report; texts are "" where the report is silent.

    `status` is "x.y.z"; `reply` the last server's words, with its code in front if it told one.
    `words` are what else the report says about it, the likeliest reason first.
    """

    address: str
    action: DsnAction
    status: str = ""
    reply: str = ""
    words: tuple[str, ...] = ()
    original_address: str = ""
    remote_host: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dsn:
    """A report on one or more recipients; `original` is the header of the mail it is about."""

    recipients: tuple[DsnRecipient, ...]
    reporting_host: str = ""
    original: Fields | None = None


_STATUS: Final = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_SILENT: Final = re.compile(r"[\d\s.;-]*\Z")
"""A diagnostic without a word, such as a bare code of the local system."""


def read_dsn(mail: Returned) -> Dsn | None:
    """Return the report in a mail, or None when it is none."""
    if mail.blocks:
        return _from_blocks(mail)
    return _from_text(mail) if looks_like_bounce(mail) else None


def _from_blocks(mail: Returned) -> Dsn | None:
    host = _after_type(mail.blocks[0].get("reporting-mta", ""))
    spoken = Spoken(mail.text)
    recipients = [
        found
        for block in mail.blocks[: MOST_RECIPIENTS + 1]  # The first is about the whole report.
        if (found := _recipient(block, spoken)) is not None
    ]
    if not recipients:
        return _from_text(mail)
    return Dsn(
        recipients=tuple(recipients[:MOST_RECIPIENTS]),
        reporting_host=host,
        original=_original(mail),
    )


def _recipient(block: Mapping[str, str], spoken: Spoken) -> DsnRecipient | None:
    final = _address(block.get("final-recipient", ""))
    original = _address(block.get("original-recipient", ""))
    if not (final or original):
        return None
    status = _status(block.get("status", ""))
    reply = _after_type(block.get("diagnostic-code", ""))
    words = spoken.about(final or original)
    if _SILENT.match(reply):
        reply, words = (words[0] if words else reply), words[1:]
    return DsnRecipient(
        address=final or original,
        action=_action(block.get("action", ""), status),
        status=status or _status(reply),
        reply=reply,
        words=words,
        original_address=original,
        remote_host=_after_type(block.get("remote-mta", "")).split(" ")[0].rstrip("."),
    )


def _from_text(mail: Returned) -> Dsn | None:
    sections = read_sections(mail)
    if not sections:
        return None
    action = DsnAction.DELAYED if is_delayed(mail) else DsnAction.FAILED
    recipients = tuple(_textual(section, action) for section in sections[:MOST_RECIPIENTS])
    return Dsn(recipients=recipients, original=_original(mail))


def _textual(section: Section, action: DsnAction) -> DsnRecipient:
    reply = section.words[0] if section.words else ""
    return DsnRecipient(
        address=section.address,
        action=action,
        status=_status(reply),
        reply=reply,
        words=section.words[1:],
    )


def _original(mail: Returned) -> Fields | None:
    """Return the header of the original, be it attached or quoted in the text."""
    if mail.original is not None:
        return mail.original
    quoted = split_quoted(mail.text)[1]
    return header_fields(quoted) if quoted else None


def _action(text: str, status: str) -> DsnAction:
    word = text.strip().lower().split(" ")[0]
    if word in set(DsnAction):
        # A server that gave up after temporary refusals says "failed" with 4.x.x: it counts.
        return DsnAction(word)
    first = status[:1]
    return {"2": DsnAction.DELIVERED, "4": DsnAction.DELAYED}.get(first, DsnAction.FAILED)


def _status(text: str) -> str:
    match = _STATUS.search(text)
    return match[0] if match else ""


def _after_type(value: str) -> str:
    """Return what follows the type in "smtp; 550 ..." (RFC 3464 2.1.2)."""
    kind, semicolon, rest = value.partition(";")
    return (
        rest.strip()
        if semicolon and re.fullmatch(r"[\w.+-]{1,40}", kind.strip())
        else value.strip()
    )


def _address(value: str) -> str:
    text = _after_type(value).strip().strip("<>")
    return text if "@" in text else ""
