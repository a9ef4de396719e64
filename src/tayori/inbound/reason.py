"""Why a mail came back: the words of a report, read by the rules for receivers' replies. Pure.

A report quotes the receiver's reply, or tells in words of its own what happened. The words come in
the order in which they are likely to be the reason; the first that the rules understand decides. A
server that gave up cannot be asked to try again, so what would be deferred has failed.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from tayori.classify.model import Action, BounceClass, Verdict
from tayori.classify.reply import classify
from tayori.classify.rule_file import shipped_rules
from tayori.classify.rules import Ruleset
from tayori.mail.outcome import Kind, Outcome, Scope, Stage
from tayori.mail.reply import Reply, split_reply

_QUOTED_CODE: Final = re.compile(r"(?<![\w.#/])[45]\d\d(?:[ -]|$)")
_STATUS: Final = re.compile(r"(?<![\w.])([45]\.\d{1,3}\.\d{1,3})(?![\w.])")
_CLAUSES: Final = re.compile(r"[:;.] |\n| - ")
_LIKELY: Final = (Stage.RCPT, Stage.CONTENT)
"""Stages in the order in which a reply that a report quotes is read."""
_GOES_ON: Final = frozenset({Action.DEFER, Action.SWITCH_SOURCE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Class, action, and the words and the rule that decided; `status` is "" when none is told."""

    bounce_class: BounceClass
    action: Action
    rule: str
    words: str
    status: str = ""


def judge_words(
    words: Sequence[str],
    status: str,
    *,
    hosts: Iterable[str],
    final: bool,
    rules: Ruleset | None = None,
) -> Reason:
    """Return why it failed (`final`) or is late; `status` is that of the report, "" for none.

    `hosts` name the receiver, the surest first: a provider's own rules come before general ones.
    """
    rules = rules or shipped_rules()
    provider = _provider(hosts, rules)
    said = [text for text in words if text.strip()]
    chosen, verdict = "", None
    for text in said:
        verdict = _ask(text, status, provider, final=final, rules=rules)
        if verdict.understood:
            chosen = text
            break
    if verdict is None or not chosen:
        verdict = _by_status(status, provider, final=final, rules=rules) or verdict
    if verdict is None:
        verdict = _classified(_reply("", status, final=final), provider, rules)
    # A line that ends with a colon announces the reason and is not it.
    chosen = chosen or next((one for one in said if not one.endswith(":")), next(iter(said), ""))
    if verdict.bounce_class is BounceClass.EXPIRED:
        verdict = _cause(chosen, provider, rules) or verdict
    action = Action.DEFER if not final else verdict.action
    return Reason(
        bounce_class=verdict.bounce_class,
        action=Action.FAIL if final and action in _GOES_ON else action,
        rule=verdict.rule,
        words=chosen,
        status=_status_in(chosen),
    )


def _ask(text: str, status: str, provider: str, *, final: bool, rules: Ruleset) -> Verdict:
    """Return what the rules say of a text, by its own code or as either kind of refusal."""
    reply = _reply(text, status, final=final)
    verdict = _classified(reply, provider, rules)
    if verdict.understood and not verdict.rule.startswith("enhanced code"):
        return verdict
    other = Reply(450 if reply.permanent else 550, reply.enhanced, reply.lines)
    # Words without a code may be those of either kind: "Connection timed out" is said of both.
    if _QUOTED_CODE.search(text) is None:
        second = _classified(other, provider, rules)
        if second.understood and not second.rule.startswith("enhanced code"):
            return second
    return verdict


def _by_status(status: str, provider: str, *, final: bool, rules: Ruleset) -> Verdict | None:
    if not status:
        return None
    verdict = _classified(_reply("", status, final=final), provider, rules)
    return verdict if verdict.understood else None


def _cause(text: str, provider: str, rules: Ruleset) -> Verdict | None:
    """Return what lies behind a lifetime that ended, when the words tell."""
    for clause in _CLAUSES.split(text):
        if len(clause) < len("timeout"):
            continue
        for code in (550, 450):
            verdict = _classified(Reply(code, "", (clause,)), provider, rules)
            if verdict.understood and verdict.bounce_class is not BounceClass.EXPIRED:
                return verdict
    return None


def _classified(reply: Reply, provider: str, rules: Ruleset) -> Verdict:
    verdicts = [
        classify(
            Outcome(
                kind=Kind.PERMANENT if reply.permanent else Kind.TEMPORARY,
                scope=Scope.RECIPIENT,
                stage=stage,
                reply=reply,
            ),
            provider,
            rules=rules,
        )
        for stage in _LIKELY
    ]
    return next((one for one in verdicts if one.understood), verdicts[0])


def _reply(text: str, status: str, *, final: bool) -> Reply:
    """Return the quoted reply, or one made of the status and the words of the report."""
    match = _QUOTED_CODE.search(text)
    quoted = split_reply(text[match.start() :]) if match else None
    if quoted is not None:
        if quoted.enhanced or not status:
            return quoted
        return Reply(quoted.code, status, quoted.lines)
    known = status or _status_in(text)
    permanent = final and not known.startswith("4")
    return Reply(550 if permanent else 450, known, (text,))


def _status_in(text: str) -> str:
    match = _STATUS.search(text)
    return match[1] if match else ""


def _provider(hosts: Iterable[str], rules: Ruleset) -> str:
    """Return the provider whose domain one of the hosts is in, "" for none."""
    known = set(rules.providers)
    for host in hosts:
        labels = host.lower().rstrip(".").split(".")
        for start in range(len(labels) - 1):
            name = rules.provider(".".join(labels[start:]))
            if name in known:
                return name
    return ""
