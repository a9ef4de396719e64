"""Classifies an outcome: by the rules, then the enhanced code, then the stage and reply code.

Text decides before codes, since many servers answer "550 5.7.1" to everything. A permanent refusal
that is not understood fails without blacklisting anybody. Our own words (DNS, the engine) are never
judged by a receiver's rules.
"""

from tayori.classify.enhanced import by_enhanced, by_own_words
from tayori.classify.hint import retry_hint_s
from tayori.classify.model import Action, BounceClass, Verdict
from tayori.classify.rule_file import shipped_rules
from tayori.classify.rules import Rule, Ruleset, Said, said
from tayori.mail.outcome import Kind, Outcome, Stage

_OWN_WORDS = frozenset({Stage.DNS, Stage.ENGINE})
_BY_STAGE = {
    Stage.DNS: BounceClass.DNS,
    Stage.CONNECT: BounceClass.NETWORK,
    Stage.TLS: BounceClass.TLS,
    Stage.ENGINE: BounceClass.OTHER,
}
_PASSING = frozenset({BounceClass.RATE_LIMITED, BounceClass.GREYLISTED})
"""Classes that time cures by themselves, whatever the reply code says."""
_FINAL = frozenset({Action.FAIL, Action.FAIL_AND_BLACKLIST})
_ABOUT_RECIPIENTS = frozenset({Stage.RCPT, Stage.DATA, Stage.CONTENT})
_NO_ROOM = 552
"""At RCPT a temporary code, whatever it looks like (RFC 5321 4.5.3.1.10)."""
SYSTEM_CODES = frozenset({421, 450, 451, 452})


def classify(outcome: Outcome, provider: str = "", *, rules: Ruleset | None = None) -> Verdict:
    """Return class and action of an outcome that was not a delivery; ValueError if it was one.

    `provider` is the receiver's name of the shaping rules, or one of its other names. Without
    `rules` the shipped ones count.
    """
    if outcome.kind is Kind.DELIVERED:
        raise ValueError("A delivery is not a refusal.")
    reply = outcome.reply
    if reply is None or outcome.stage in _OWN_WORDS:
        return _by_stage(outcome)
    it = said(reply, outcome.stage)
    rule = (rules or shipped_rules()).find(it, provider)
    if rule is not None:
        return _by_rule(outcome, it, rule)
    bounce_class, name, understood = _by_codes(it)
    return Verdict(
        bounce_class=bounce_class,
        action=_action(outcome, bounce_class, None),
        rule=name,
        retry_s=retry_hint_s(it.text),
        understood=understood,
    )


def _by_stage(outcome: Outcome) -> Verdict:
    enhanced = outcome.reply.enhanced if outcome.reply else ""
    # Our own words carry the standard enhanced code where there is one, such as 5.3.4.
    known = by_own_words(enhanced) if outcome.stage in _OWN_WORDS else None
    bounce_class = known or _BY_STAGE.get(outcome.stage, BounceClass.NETWORK)
    name = f"enhanced code {enhanced}" if known else f"stage {outcome.stage.value}"
    return Verdict(
        bounce_class=bounce_class, action=_action(outcome, bounce_class, None), rule=name
    )


def _by_rule(outcome: Outcome, it: Said, rule: Rule) -> Verdict:
    hint_s = retry_hint_s(it.text)
    return Verdict(
        bounce_class=rule.bounce_class,
        action=_action(outcome, rule.bounce_class, rule.action),
        rule=rule.name,
        provider=rule.providers[0] if rule.providers else "",
        about=rule.about,
        retry_s=rule.retry_s if hint_s is None else hint_s,
    )


def _by_codes(it: Said) -> tuple[BounceClass, str, bool]:
    known = by_enhanced(it.enhanced)
    if known is not None:
        return known, f"enhanced code {it.enhanced}", True
    if it.stage is Stage.TLS:
        return BounceClass.TLS, "stage tls", True
    if it.code in SYSTEM_CODES:
        return BounceClass.SYSTEM, f"code {it.code}", False
    if 500 <= it.code <= 504:  # noqa: PLR2004 - RFC 5321 4.2.2: syntax and sequence
        return BounceClass.PROTOCOL, f"code {it.code}", False
    return BounceClass.OTHER, "nothing matched", False


def _action(outcome: Outcome, bounce_class: BounceClass, wanted: Action | None) -> Action:
    reply = outcome.reply
    no_room = reply is not None and reply.code == _NO_ROOM and outcome.stage is Stage.RCPT
    if outcome.kind is not Kind.PERMANENT or no_room:
        # A receiver that says 4yz has not refused for good, so nothing can fail by its words.
        return Action.DEFER if wanted is None or wanted in _FINAL else wanted
    if wanted is None:
        if bounce_class in _PASSING:
            return Action.DEFER
        blames = bounce_class is BounceClass.UNKNOWN_USER
        wanted = Action.FAIL_AND_BLACKLIST if blames else Action.FAIL
    # Only a receiver's own word about RCPT or the mailbox blacklists an address (spec 7).
    if wanted is Action.FAIL_AND_BLACKLIST and outcome.stage not in _ABOUT_RECIPIENTS:
        return Action.FAIL
    return wanted
