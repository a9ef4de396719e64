"""Delivery status notifications (RFC 3464) as values, and what can be read of those without a form.

`read_dsn` takes the machine-readable part when there is one. Many servers send none, or put the
receiver's words in the text only; then the text is searched for addresses and replies.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tayori.mail.returned import Fields, Returned

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
    """

    address: str
    action: DsnAction
    status: str = ""
    reply: str = ""
    original_address: str = ""
    remote_host: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dsn:
    """A report on one or more recipients."""

    recipients: tuple[DsnRecipient, ...]
    reporting_host: str = ""
    original: Fields | None = None


_STATUS: Final = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_WIDE: Final = "：（），。；、「」【】《》“”"  # noqa: RUF001 - what stands around addresses in Chinese
_NOT_LOCAL: Final = rf"\s<>()\[\]:;,\"'{_WIDE}"
_ADDRESS: Final = re.compile(rf"[^{_NOT_LOCAL}@]{{1,64}}@[^{_NOT_LOCAL}@]{{1,253}}")
_REPLY: Final = re.compile(r"(?<![\d.])([45]\d\d)(?:[ -]#?| \(#)([45]\.\d{1,3}\.\d{1,3})?[^\n]*")
_SUBJECTS: Final = re.compile(
    r"undeliver|returned mail|delivery (status|failure|has failed|problem)|mail delivery"
    r"|failure notice|non.?remis|nicht zustellbar|unzustellbar|zustell\w* .{0,20}fehl"
    r"|no se (ha )?(pudo|puede) entregar|devuelt|mancata consegna|não (pôde|pode) ser entregue"
    r"|échec|недостав|не доставлен|退信|退回|投递失败|無法傳遞"
    r"|未送達|配信不能|配信エラー|送信できません"
    r"|niet bezorgd|onbestelbaar|kunde inte levereras|could not be delivered|rejected",
    re.IGNORECASE,
)
_SENDERS: Final = re.compile(
    r"\b(mailer-daemon|postmaster|mail delivery|bounce|system administrator)", re.IGNORECASE
)
_DELAY: Final = re.compile(
    r"delay(ed)?\b|will (be retried|keep trying|continue)"
    r"|not yet been delivered|still being retried"
    r"|verzöger|retard|retraso|ritardo|延迟|延遲|遅延|задерж|warning: (message|could not)",
    re.IGNORECASE,
)


def read_dsn(mail: Returned) -> Dsn | None:
    """Return the report in a mail, or None when it is none."""
    if mail.blocks:
        return _from_blocks(mail)
    return _from_text(mail) if looks_like_bounce(mail) else None


def looks_like_bounce(mail: Returned) -> bool:
    """Tell whether a mail without a machine-readable part reads like a report."""
    if mail.header("X-Failed-Recipients"):
        return True
    from_daemon = bool(_SENDERS.search(mail.header("From")))
    empty_sender = mail.header("Return-Path").strip() in {"<>", ""}
    named = bool(_SUBJECTS.search(mail.header("Subject")))
    return named and (from_daemon or empty_sender)


def _from_blocks(mail: Returned) -> Dsn | None:
    host = _after_type(mail.blocks[0].get("reporting-mta", ""))
    recipients = [
        found for block in mail.blocks if (found := _recipient(block, mail.text)) is not None
    ]
    if not recipients:
        return _from_text(mail)
    return Dsn(
        recipients=tuple(recipients[:MOST_RECIPIENTS]),
        reporting_host=host,
        original=mail.original,
    )


def _recipient(block: Mapping[str, str], text: str) -> DsnRecipient | None:
    final = _address(block.get("final-recipient", ""))
    original = _address(block.get("original-recipient", ""))
    if not (final or original):
        return None
    status = _status(block.get("status", ""))
    reply = _after_type(block.get("diagnostic-code", ""))
    return DsnRecipient(
        address=final or original,
        action=_action(block.get("action", ""), status),
        status=status or _status(reply),
        reply=reply or _words_about(final or original, text),
        original_address=original,
        remote_host=_after_type(block.get("remote-mta", "")),
    )


def _from_text(mail: Returned) -> Dsn | None:
    listed = _ADDRESS.findall(mail.header("X-Failed-Recipients"))
    replies = [match[0].strip() for match in _REPLY.finditer(mail.text)]
    addresses = listed or _failed_addresses(mail)
    if not addresses and not replies:
        return None
    delayed = bool(_DELAY.search(mail.header("Subject"))) or (
        not replies and bool(_DELAY.search(mail.text[:2_000]))
    )
    action = DsnAction.DELAYED if delayed else DsnAction.FAILED
    recipients = tuple(
        _textual(address, action, _words_about(address, mail.text) or (replies or [""])[0])
        for address in list(dict.fromkeys(addresses))[:MOST_RECIPIENTS]
    )
    return Dsn(recipients=recipients or (_textual("", action, replies[0]),), original=mail.original)


def _textual(address: str, action: DsnAction, reply: str) -> DsnRecipient:
    return DsnRecipient(address=address, action=action, status=_status(reply), reply=reply)


def _failed_addresses(mail: Returned) -> Sequence[str]:
    """Return the addresses that the text of a report names before it quotes the mail."""
    ours = {_bare(mail.header(name)) for name in ("From", "To", "Return-Path", "Delivered-To")}
    if mail.original is not None:
        ours.add(_bare(mail.original.get("from", "")))
        to = [_bare(one) for one in _ADDRESS.findall(mail.original.get("to", ""))]
        named = [one for one in to if one in mail.text.lower()]
        if named:
            return named
    text = re.split(
        r"\n(?:-{2,} ?(?:this is a copy|original|below this line|returned)|received: )",
        mail.text,
        maxsplit=1,
        flags=re.IGNORECASE,
    )[0]
    found = [one.rstrip(".") for one in _ADDRESS.findall(text)]
    return [one for one in found if one.lower() not in ours][:1]


def _words_about(address: str, text: str) -> str:
    """Return the reply in a text that stands behind an address, "" without one."""
    place = text.lower().find(address.lower()) if address else -1
    if place < 0:
        match = _REPLY.search(text)
        return match[0].strip() if match else ""
    behind = text[place + len(address) : place + len(address) + 1_500]
    match = _REPLY.search(behind)
    if match:
        return match[0].strip()
    lines = [line.strip(" \t:>*") for line in behind.split("\n")[:6]]
    return next((line for line in lines if len(line.split()) > 2), "")  # noqa: PLR2004 - a sentence


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


def _bare(value: str) -> str:
    match = _ADDRESS.search(value)
    return match[0].lower() if match else ""
