"""A mail that came in, read by what its addresses are for. Pure; nothing is guessed.

Whom a mail is about is believed only from a signature of ours: the address that it came to, or a
header of our mail that is attached to a complaint.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tayori.classify.rules import Ruleset
from tayori.inbound.model import Finding, ReturnKind
from tayori.inbound.routing import Destination, Purpose, TokenKeys
from tayori.inbound.spool import NewMail
from tayori.inbound.understand import understand
from tayori.mail.dmarc_report import AggregateReport, ReportFault, read_reports
from tayori.mail.feedback import read_feedback
from tayori.mail.return_path import (
    REFERENCE,
    REFERENCE_HEADER,
    RETURN,
    UNSUBSCRIBE,
    Form,
    ReturnPath,
    decode,
)
from tayori.mail.returned import Returned, read_returned

_LOCAL_PARTS: Final = re.compile(r"(?i)\b(?:b-|r-|unsubscribe\+)[a-z2-7]{40}\b")
_IP: Final = re.compile(r"[0-9A-Fa-f:.]{2,45}\Z")
_OPT_OUT: Final = frozenset({"opt-out", "opt-out-list"})
_ABOUT_A_RECIPIENT: Final = frozenset(ReturnKind) - {ReturnKind.REPORT, ReturnKind.UNKNOWN}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a mail says. `kind` is the word for the list; `unresolved` says why it is kept aside.

    `findings` hold for the recipient that they stand with; which of them counts depends on its
    address, so it is chosen where that is known.
    """

    kind: str
    findings: tuple[tuple[int, tuple[Finding, ...]], ...] = ()
    reports: tuple[AggregateReport, ...] = ()
    forwards: tuple[Destination, ...] = ()
    unresolved: str = ""
    source_ip: str = ""
    """The address that a complaint names as the source of the mail."""
    digest: str = ""
    header_from: str = ""
    subject: str = ""


def read(
    new: NewMail,
    destinations: Sequence[Destination],
    keys: TokenKeys,
    rules: Ruleset | None = None,
) -> Reading:
    """Return what a mail says; `rules` None for the shipped ones."""
    content, at = new.content, new.received_at
    # The first of a name counts, so a Return-Path that the sender wrote means nothing.
    raw = b"Return-Path: <%b>\r\n" % new.mail_from.encode("utf-8", "replace") + content
    mail = read_returned(raw)
    findings = tuple(understand(raw, rules))
    about: list[tuple[int, tuple[Finding, ...]]] = []
    reports: list[AggregateReport] = []
    faults: list[str] = []
    for destination in destinations:
        found = _of(destination, mail, findings, keys, at)
        if isinstance(found, str):
            faults.append(found)
        elif found is not None:
            about.append(found)
    if _wants_reports(destinations, findings):
        for each in read_reports(content):
            if isinstance(each, ReportFault):
                faults.append(each.sentence)
            else:
                reports.append(each)
    kind = "dmarc_report" if reports else _kind(about, findings)
    forwards = () if about or reports else _forwards(destinations)
    settled = bool(about or reports or forwards)
    return Reading(
        kind="forward" if forwards else kind,
        findings=tuple(about),
        reports=tuple(reports),
        forwards=forwards,
        unresolved="" if settled else (faults or ["Nobody of ours is named in it."])[0],
        source_ip=_source_ip(mail),
        digest=_digest(mail, content),
        header_from=mail.header("From"),
        subject=mail.header("Subject"),
    )


def _of(
    destination: Destination,
    mail: Returned,
    findings: tuple[Finding, ...],
    keys: TokenKeys,
    at: int,
) -> tuple[int, tuple[Finding, ...]] | str | None:
    """Return whom an address makes it about and what it says, or why nobody is known."""
    kinds = {finding.kind for finding in findings}
    if destination.purpose is Purpose.RETURN_PATH:
        if kinds & _ABOUT_A_RECIPIENT:
            return destination.recipient_id, tuple(map(_opted_out, findings))
        return f"It answers a mail of ours and is understood as {_word(findings)} only."
    if destination.purpose is Purpose.UNSUBSCRIBE:
        if kinds <= {ReturnKind.UNKNOWN, ReturnKind.UNSUBSCRIBE}:
            # Whatever a person writes to this address, its meaning is in the address.
            wish = Finding(kind=ReturnKind.UNSUBSCRIBE, reply=mail.header("Subject"))
            return destination.recipient_id, (wish,)
        return f"It came to an unsubscribe address and is understood as {_word(findings)}."
    return _complaint(destination, mail, findings, keys, at)


def _complaint(
    destination: Destination,
    mail: Returned,
    findings: tuple[Finding, ...],
    keys: TokenKeys,
    at: int,
) -> tuple[int, tuple[Finding, ...]] | str | None:
    """Return who complains; at the address of feedback loops an attached mail of ours is enough."""
    kinds = {finding.kind for finding in findings}
    complains = ReturnKind.COMPLAINT in kinds
    attached = destination.purpose is Purpose.FEEDBACK and mail.original is not None
    if not (complains or attached) or kinds & {ReturnKind.BOUNCE, ReturnKind.AUTO_REPLY}:
        return None
    recipient_id = _complained_about(mail, keys, at)
    if recipient_id is None:
        return "It complains, and names no mail by a signature of ours."
    if complains:
        return recipient_id, tuple(map(_opted_out, findings))
    return recipient_id, (Finding(kind=ReturnKind.COMPLAINT, reply="abuse"),)


def _opted_out(finding: Finding) -> Finding:
    if finding.kind is ReturnKind.COMPLAINT and finding.reply in _OPT_OUT:
        return Finding(kind=ReturnKind.UNSUBSCRIBE, recipient=finding.recipient)
    return finding


def _complained_about(mail: Returned, keys: TokenKeys, at: int) -> int | None:
    """Return the recipient of the attached mail, by the first token of ours that is good."""
    feedback = read_feedback(mail)
    original = mail.original or {}
    places = [
        feedback.return_path if feedback else "",
        original.get("return-path", ""),
        original.get(REFERENCE_HEADER.lower(), ""),
        original.get("list-unsubscribe", ""),
    ]
    for text in places:
        for local in _LOCAL_PARTS.findall(text):
            found = decode(local, keys.return_path, at, _form(local), max_age_ms=_EVER)
            if isinstance(found, ReturnPath):
                return found.recipient_id
    return None


_EVER: Final = 400 * 24 * 3600 * 1000
"""People complain about old mail; a report that repeats itself changes nothing."""


def _form(local: str) -> Form:
    lower = local.lower()
    return next(form for form in (RETURN, REFERENCE, UNSUBSCRIBE) if lower.startswith(form.prefix))


def _wants_reports(destinations: Sequence[Destination], findings: Sequence[Finding]) -> bool:
    by_address = any(each.purpose is Purpose.DMARC_REPORT for each in destinations)
    return by_address or any(each.kind is ReturnKind.REPORT for each in findings)


def _forwards(destinations: Sequence[Destination]) -> tuple[Destination, ...]:
    return tuple(
        each
        for each in destinations
        if each.purpose in {Purpose.FORWARD, Purpose.POSTMASTER}
        and each.domain is not None
        and each.domain.forward_to
    )


def _kind(about: Sequence[tuple[int, tuple[Finding, ...]]], findings: Sequence[Finding]) -> str:
    chosen = [finding for _, each in about for finding in each] or findings
    return chosen[0].kind.value


def _word(findings: Sequence[Finding]) -> str:
    return findings[0].kind.value


def _source_ip(mail: Returned) -> str:
    feedback = read_feedback(mail)
    text = feedback.source.strip() if feedback else ""
    return text if _IP.match(text) else ""


def _digest(mail: Returned, content: bytes) -> str:
    """Return what tells a mail from others, the same when it is sent again over other hops."""
    identity = mail.header("Message-ID").encode("utf-8", "replace")
    body = content.partition(b"\r\n\r\n")[2]
    return hashlib.sha256(identity or body).hexdigest()[:16]
