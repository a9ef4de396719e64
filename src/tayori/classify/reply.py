"""Classifies an outcome: the generic rules, by stage, reply code, enhanced code, and plain words.

Text decides before codes, since many servers answer "550 5.7.1" to everything. A permanent refusal
that is not understood fails without blacklisting anybody.
"""

import re

from tayori.classify.enhanced import by_enhanced
from tayori.classify.model import Action, BounceClass, Verdict
from tayori.mail.outcome import Kind, Outcome, Stage
from tayori.mail.reply import Reply

_WORDS: tuple[tuple[BounceClass, tuple[str, ...]], ...] = (
    (BounceClass.LOOP, (r"too many hops", r"mail loop", r"routing loop", r"hop count")),
    (BounceClass.GREYLISTED, (r"gr[ae]y-?list",)),
    (BounceClass.MAILBOX_FULL, (r"(mailbox|inbox|quota).{0,30}(full|exceed)", r"over quota")),
    (
        BounceClass.UNKNOWN_USER,
        (
            r"(user|recipient|mailbox|address|account).{0,40}(unknown|not found|no such)",
            r"(user|recipient|mailbox|address|account).{0,40}(does ?n[o']t|not) exist",
            r"(no such|unknown|invalid) (user|recipient|mailbox|local part)",
        ),
    ),
    (
        BounceClass.INACTIVE,
        (r"(mailbox|account|user|recipient).{0,20}(disabled|inactive|suspended|deactivated)",),
    ),
    (
        BounceClass.AUTHENTICATION,
        (
            r"\b(dmarc|dkim|spf)\b.{0,60}(fail|reject|requir|unauth|not pass|did not|policy)",
            r"unauthenticated",
        ),
    ),
    (
        BounceClass.RATE_LIMITED,
        (
            r"rate.?limit",
            r"too many",
            r"frequency limit",
            r"too fast",
            r"throttl",
            r"unusual rate",
            r"exceeded.{0,40}(connection|message)s? (limit|per)",
        ),
    ),
    (
        BounceClass.REPUTATION,
        (r"reputation", r"block ?list", r"black ?list", r"\brbl\b", r"dnsbl", r"spamhaus"),
    ),
    (
        BounceClass.CONTENT,
        (r"\bspam\b", r"unsolicited", r"virus", r"malware", r"phish", r"message content"),
    ),
    (BounceClass.RELAY_DENIED, (r"relay(ing)?.{0,20}(denied|not permitted|access)",)),
    (
        BounceClass.TOO_LARGE,
        (r"(message|mail|size).{0,30}(too (large|big)|exceed.{0,20}size)",),
    ),
)
_COMPILED = tuple((kind, re.compile("|".join(words), re.IGNORECASE)) for kind, words in _WORDS)

_BY_STAGE = {
    Stage.DNS: BounceClass.DNS,
    Stage.CONNECT: BounceClass.NETWORK,
    Stage.TLS: BounceClass.TLS,
    Stage.ENGINE: BounceClass.OTHER,
}
_ABOUT_THE_RECIPIENT = frozenset({BounceClass.UNKNOWN_USER})
_TEXT_LIMIT = 1000
SYSTEM_CODES = frozenset({421, 450, 451, 452})


def classify(outcome: Outcome) -> Verdict:
    """Return class and action of an outcome that was not a delivery; ValueError if it was one."""
    if outcome.kind is Kind.DELIVERED:
        raise ValueError("A delivery is not a refusal.")
    bounce_class, rule = _class_of(outcome)
    return Verdict(bounce_class=bounce_class, action=_action(outcome, bounce_class), rule=rule)


def _class_of(outcome: Outcome) -> tuple[BounceClass, str]:
    reply = outcome.reply
    if reply is None:
        return _BY_STAGE.get(outcome.stage, BounceClass.NETWORK), f"stage {outcome.stage.value}"
    for kind, words in _COMPILED:
        if words.search(reply.text[:_TEXT_LIMIT]):
            return kind, f"words: {kind.value}"
    known = by_enhanced(reply.enhanced)
    if known is not None:
        return known, f"enhanced code {reply.enhanced}"
    if outcome.stage is Stage.TLS:
        return BounceClass.TLS, "stage tls"
    return _by_code(reply)


def _by_code(reply: Reply) -> tuple[BounceClass, str]:
    if reply.code in SYSTEM_CODES:
        return BounceClass.SYSTEM, f"code {reply.code}"
    if 500 <= reply.code <= 504:  # noqa: PLR2004 - RFC 5321 4.2.2: syntax and sequence
        return BounceClass.PROTOCOL, f"code {reply.code}"
    return BounceClass.OTHER, "nothing matched"


def _action(outcome: Outcome, bounce_class: BounceClass) -> Action:
    if outcome.kind is not Kind.PERMANENT:
        return Action.DEFER
    # Only a receiver's own word about RCPT or the mailbox blacklists an address (spec 7).
    said = outcome.reply is not None and outcome.stage in {Stage.RCPT, Stage.DATA, Stage.CONTENT}
    if said and bounce_class in _ABOUT_THE_RECIPIENT:
        return Action.FAIL_AND_BLACKLIST
    return Action.FAIL
