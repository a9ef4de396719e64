"""From the octets of a mail that came back to findings. Pure.

Looked for in this order: complaints, reports on domains, delivery reports, wishes to unsubscribe,
automatic answers. An automatic answer is told from a bounce by its form, never by its words alone.
"""

import re
from typing import Final

from tayori.classify.model import Action, BounceClass
from tayori.classify.reply import classify
from tayori.classify.rules import Ruleset
from tayori.inbound.model import Finding, ReturnKind
from tayori.mail.autoreply import is_auto_reply
from tayori.mail.dsn import DsnAction, DsnRecipient, read_dsn
from tayori.mail.feedback import read_feedback
from tayori.mail.outcome import Kind, Outcome, Scope, Stage
from tayori.mail.reply import Reply, split_reply
from tayori.mail.returned import Returned, read_returned

_UNSUBSCRIBE: Final = re.compile(
    r"^\s*(re: )?(unsubscribe|退订|取消订阅|配信停止|désabonne|abbestell|baja)\b", re.IGNORECASE
)
_DOMAIN_REPORT: Final = re.compile(r"report domain: .{1,200}submitter: ", re.IGNORECASE)
_QUOTED_CODE: Final = re.compile(r"[45]\d\d(?:[ -]|$)")
_KINDS: Final = {
    DsnAction.FAILED: ReturnKind.BOUNCE,
    DsnAction.DELAYED: ReturnKind.DELAYED,
    DsnAction.DELIVERED: ReturnKind.DELIVERED,
    DsnAction.RELAYED: ReturnKind.DELIVERED,
    DsnAction.EXPANDED: ReturnKind.DELIVERED,
}
_LIKELY: Final = (Stage.RCPT, Stage.CONTENT)
"""Stages in the order in which a reply that a report quotes is read."""


def understand(raw: bytes, rules: Ruleset | None = None) -> list[Finding]:
    """Return what a mail says, at least one finding; `rules` None for the shipped ones."""
    mail = read_returned(raw)
    feedback = read_feedback(mail)
    if feedback is not None:
        kind = ReturnKind.COMPLAINT if feedback.is_complaint else ReturnKind.REPORT
        return [Finding(kind=kind, recipient=feedback.recipient, reply=feedback.type)]
    if _is_domain_report(mail):
        return [Finding(kind=ReturnKind.REPORT, reply=mail.header("Subject"))]
    if not (mail.blocks or mail.header("X-Failed-Recipients")) and is_auto_reply(mail):
        return [_from_sender(ReturnKind.AUTO_REPLY, mail)]
    dsn = read_dsn(mail)
    if dsn is not None:
        return [_of(recipient, rules) for recipient in dsn.recipients]
    if _UNSUBSCRIBE.match(mail.header("Subject")):
        return [_from_sender(ReturnKind.UNSUBSCRIBE, mail)]
    return [Finding(kind=ReturnKind.UNKNOWN, reply=mail.header("Subject"))]


def _is_domain_report(mail: Returned) -> bool:
    if mail.report_type == "tlsrpt" or mail.header("TLS-Report-Domain"):
        return True
    return bool(_DOMAIN_REPORT.search(mail.header("Subject")))


def _from_sender(kind: ReturnKind, mail: Returned) -> Finding:
    match = re.search(r"[^\s<>\"]+@[^\s<>\"]+", mail.header("From"))
    return Finding(kind=kind, recipient=match[0] if match else "", reply=mail.header("Subject"))


def _of(recipient: DsnRecipient, rules: Ruleset | None) -> Finding:
    kind = _KINDS[recipient.action]
    if kind is ReturnKind.DELIVERED:
        return Finding(
            kind=kind, recipient=recipient.address, status=recipient.status, reply=recipient.reply
        )
    bounce_class, action, rule = _verdict(recipient, kind, rules)
    return Finding(
        kind=kind,
        recipient=recipient.address,
        bounce_class=bounce_class,
        action=action,
        status=recipient.status,
        reply=recipient.reply,
        rule=rule,
    )


def _verdict(
    recipient: DsnRecipient, kind: ReturnKind, rules: Ruleset | None
) -> tuple[BounceClass, Action, str]:
    """Return class, action and rule. A server that gave up cannot be asked to try again."""
    reply = _reply(recipient, kind)
    verdicts = [
        classify(
            Outcome(
                kind=Kind.PERMANENT if reply.permanent else Kind.TEMPORARY,
                scope=Scope.RECIPIENT,
                stage=stage,
                reply=reply,
            ),
            rules=rules,
        )
        for stage in _LIKELY
    ]
    verdict = next((one for one in verdicts if one.understood), verdicts[0])
    if kind is ReturnKind.DELAYED:
        return verdict.bounce_class, Action.DEFER, verdict.rule
    over = verdict.action in {Action.DEFER, Action.SWITCH_SOURCE}
    return verdict.bounce_class, Action.FAIL if over else verdict.action, verdict.rule


def _reply(recipient: DsnRecipient, kind: ReturnKind) -> Reply:
    """Return the quoted reply, or one made of the status and the words of the report."""
    match = _QUOTED_CODE.search(recipient.reply)
    quoted = split_reply(recipient.reply[match.start() :]) if match else None
    if quoted is not None:
        if quoted.enhanced or not recipient.status:
            return quoted
        return Reply(quoted.code, recipient.status, quoted.lines)
    final = kind is ReturnKind.BOUNCE and not recipient.status.startswith("4")
    code = 550 if final else 450
    return Reply(code, recipient.status, (recipient.reply,))
