"""From the octets of a mail that came back to findings. Pure.

Looked for in this order: complaints, reports on domains, delivery reports that are certain, wishes
to unsubscribe, automatic answers, delivery reports by their looks. An automatic answer is told from
a bounce by its form, never by the words in it.
"""

import re
from typing import Final

from tayori.classify.rules import Ruleset
from tayori.inbound.autoreply_rules import ReplyRules, RuleKind, shipped_reply_rules
from tayori.inbound.model import Finding, ReturnKind
from tayori.inbound.reason import Reason, judge_words
from tayori.mail.bounce_text import is_certain_bounce, is_from_daemon
from tayori.mail.dsn import Dsn, DsnAction, DsnRecipient, read_dsn
from tayori.mail.feedback import Feedback, read_feedback
from tayori.mail.returned import Returned, read_returned

_DOMAIN_REPORT: Final = re.compile(r"report domain: .{1,200}submitter: ", re.IGNORECASE)
_AGGREGATE: Final = re.compile(
    r"[^!]{1,255}![^!]{1,255}!\d{1,12}!\d{1,12}.{0,64}\.(?:xml|json|zip|gz)\Z"
)
"""The name of an aggregate report's file (RFC 9990, RFC 8460 5.1)."""
_KINDS: Final = {
    DsnAction.FAILED: ReturnKind.BOUNCE,
    DsnAction.DELAYED: ReturnKind.DELAYED,
    DsnAction.DELIVERED: ReturnKind.DELIVERED,
    DsnAction.RELAYED: ReturnKind.DELIVERED,
    DsnAction.EXPANDED: ReturnKind.DELIVERED,
}


def understand(
    raw: bytes, rules: Ruleset | None = None, reply_rules: ReplyRules | None = None
) -> list[Finding]:
    """Return what a mail says, at least one finding; None for the shipped rules."""
    return understand_returned(read_returned(raw), rules, reply_rules)


def understand_returned(
    mail: Returned, rules: Ruleset | None = None, reply_rules: ReplyRules | None = None
) -> list[Finding]:
    """Return what a mail says that was taken apart already."""
    feedback = read_feedback(mail)
    if feedback is not None:
        return _complaints(feedback)
    if _is_domain_report(mail):
        return [Finding(kind=ReturnKind.REPORT, reply=mail.header("Subject"))]
    if mail.blocks or is_certain_bounce(mail):
        dsn = read_dsn(mail)
        if dsn is not None:
            return _of_report(dsn, rules)
    answered = _answer(mail, reply_rules or shipped_reply_rules())
    if answered is not None:
        return [answered]
    dsn = read_dsn(mail)
    if dsn is not None:
        return _of_report(dsn, rules)
    return [Finding(kind=ReturnKind.UNKNOWN, reply=mail.header("Subject"))]


def _complaints(feedback: Feedback) -> list[Finding]:
    kind = ReturnKind.COMPLAINT if feedback.is_complaint else ReturnKind.REPORT
    recipients = (feedback.recipient, *feedback.others)
    return [Finding(kind=kind, recipient=one, reply=feedback.type) for one in recipients]


def _is_domain_report(mail: Returned) -> bool:
    if mail.report_type == "tlsrpt" or mail.header("TLS-Report-Domain"):
        return True
    if any(_AGGREGATE.match(name) for name in mail.attachments):
        return True
    return bool(_DOMAIN_REPORT.search(mail.header("Subject")))


def _answer(mail: Returned, rules: ReplyRules) -> Finding | None:
    """Return a wish to unsubscribe or an automatic answer."""
    if mail.disposition is not None:
        stated = mail.disposition.get("final-recipient", "").partition(";")[2]
        return _from_sender(ReturnKind.AUTO_REPLY, mail, stated)
    automatic = rules.find(mail, RuleKind.AUTO_REPLY)
    # Programs of readers send wishes as "auto-generated"; an answer to our mail is "auto-replied".
    answers = mail.header("Auto-Submitted").strip().lower().startswith("auto-replied")
    wishes = rules.find(mail, RuleKind.UNSUBSCRIBE)
    if wishes and not answers and not is_from_daemon(mail):
        return _from_sender(ReturnKind.UNSUBSCRIBE, mail)
    return _from_sender(ReturnKind.AUTO_REPLY, mail) if automatic else None


def _from_sender(kind: ReturnKind, mail: Returned, stated: str = "") -> Finding:
    match = re.search(r"[^\s<>\"]+@[^\s<>\"]+", stated or mail.header("From"))
    return Finding(kind=kind, recipient=match[0] if match else "", reply=mail.header("Subject"))


def _of_report(dsn: Dsn, rules: Ruleset | None) -> list[Finding]:
    return [_of(recipient, dsn.reporting_host, rules) for recipient in dsn.recipients]


def _of(recipient: DsnRecipient, reporting_host: str, rules: Ruleset | None) -> Finding:
    kind = _KINDS[recipient.action]
    if kind is ReturnKind.DELIVERED:
        return Finding(
            kind=kind, recipient=recipient.address, status=recipient.status, reply=recipient.reply
        )
    reason: Reason = judge_words(
        (recipient.reply, *recipient.words),
        recipient.status,
        hosts=(recipient.remote_host, recipient.address.rpartition("@")[2], reporting_host),
        final=kind is ReturnKind.BOUNCE,
        rules=rules,
    )
    return Finding(
        kind=kind,
        recipient=recipient.address,
        bounce_class=reason.bounce_class,
        action=reason.action,
        status=recipient.status or reason.status,
        reply=reason.words or recipient.reply,
        rule=reason.rule,
    )
