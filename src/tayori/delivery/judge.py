"""Decides what becomes of a recipient after an attempt. Pure: all policy about outcomes is here.

Delivered is delivered; what the verdict calls final fails; everything else, the unknown included,
is tried again until the lifetime ends: when the receiver says so, soon after greylisting, and on
the retry curve otherwise.
"""

import random
from dataclasses import replace
from typing import Final

from tayori.classify.model import Action, BounceClass, Verdict
from tayori.classify.reply import classify
from tayori.classify.rules import Ruleset
from tayori.mail.outcome import Kind, Outcome, Stage
from tayori.queue.model import Leased, Settlement
from tayori.queue.schedule import JITTER, next_attempt
from tayori.queue.states import State
from tayori.refusal.saying import NOTHING, Saying, quote, say, together
from tayori.runtime.clock import HOUR, MINUTE, SECOND

SOONEST_MS = 30 * SECOND
"""A receiver that asks us back earlier than this is asked later."""
LATEST_MS = 24 * HOUR
GREYLISTED_MS = 5 * MINUTE
"""Greylisting lets a mail in after some minutes, mostly one to five."""
GREYLISTED_TRIES = 6
"""A receiver that greylists a mail more often than this follows the retry curve like all others."""
OTHER_SOURCE_MS = MINUTE
MOST_SOURCES_TRIED = 4
"""Attempts after which a refusal of our addresses counts as one of us all."""

_GIVEN_UP = frozenset(
    {Action.FAIL, Action.FAIL_AND_BLACKLIST, Action.STOP_TASK, Action.TELL_OPERATOR}
)
"""Actions after which a mail that was refused for good has failed."""


def judge(
    recipient: Leased,
    outcome: Outcome,
    now: int,
    chance: random.Random,
    *,
    provider: str = "",
    rules: Ruleset | None = None,
    verdict: Verdict | None = None,
    other_sources: bool = False,
) -> Settlement:
    """Return the settlement of one attempt; `now` is milliseconds since the epoch.

    `provider` is the route's, `verdict` what `classify` said if it was asked already;
    `other_sources` tells that the mail could leave from another address.
    """
    if outcome.kind is Kind.DELIVERED:
        return _settlement(recipient, outcome, now, State.DELIVERED, provider)
    verdict = verdict or classify(outcome, provider, rules=rules)
    settlement = replace(
        _settlement(recipient, outcome, now, State.DEFERRED, provider),
        bounce_class=verdict.bounce_class.value,
        verdict=verdict,
    )
    if _final(recipient, outcome, verdict, other_sources=other_sources):
        blocks = verdict.action is Action.FAIL_AND_BLACKLIST
        return replace(settlement, state=State.BOUNCED, blocks=blocks)
    due_at = _due_at(recipient, outcome, verdict, now, chance)
    if due_at is None:
        expired = BounceClass.EXPIRED.value
        return replace(settlement, state=State.EXPIRED, bounce_class=expired)
    return replace(
        settlement,
        due_at=due_at,
        keeps_source=verdict.bounce_class is BounceClass.GREYLISTED,
        avoids_source=verdict.action is Action.SWITCH_SOURCE,
    )


def _final(recipient: Leased, outcome: Outcome, verdict: Verdict, *, other_sources: bool) -> bool:
    if outcome.kind is not Kind.PERMANENT:
        return False
    if verdict.action is Action.SWITCH_SOURCE:
        return not other_sources or recipient.attempts >= MOST_SOURCES_TRIED
    return verdict.action in _GIVEN_UP


def _due_at(
    recipient: Leased, outcome: Outcome, verdict: Verdict, now: int, chance: random.Random
) -> int | None:
    """Return when to try again, None when the lifetime is over.

    Waits that somebody asked for are only ever stretched by the jitter, never shortened.
    """
    curve = next_attempt(
        recipient.attempts + 1,
        now,
        recipient.expires_at,
        chance,
        accepted_at=recipient.accepted_at,
    )
    if curve is None:
        return None
    wait_ms = _asked_ms(recipient, outcome, verdict)
    if wait_ms is None:
        return curve
    jittered = round(wait_ms * (1 + chance.uniform(0, JITTER)))
    return min(now + jittered, recipient.expires_at)


def _asked_ms(recipient: Leased, outcome: Outcome, verdict: Verdict) -> int | None:
    if verdict.retry_s is not None:
        return min(LATEST_MS, max(SOONEST_MS, round(verdict.retry_s * SECOND)))
    greylisted = verdict.bounce_class is BounceClass.GREYLISTED
    if greylisted and recipient.attempts < GREYLISTED_TRIES:
        return GREYLISTED_MS
    if verdict.action is Action.SWITCH_SOURCE and outcome.kind is Kind.PERMANENT:
        return OTHER_SOURCE_MS
    return None


def _settlement(
    recipient: Leased, outcome: Outcome, now: int, state: State, provider: str
) -> Settlement:
    return Settlement(
        recipient=recipient,
        state=state,
        at=now,
        outcome=outcome,
        reply=_said(outcome),
        provider=provider,
    )


def _said(outcome: Outcome) -> Saying | str:
    reply = outcome.reply
    if reply is None:
        return _silent(outcome)
    if not outcome.said:
        return str(reply)
    status = " ".join(part for part in (str(reply.code), reply.enhanced) if part)
    return together([quote(status), outcome.said])


_STAGES: Final = {
    Stage.DNS: say("dns"),
    Stage.CONNECT: say("connect"),
    Stage.GREETING: say("greeting"),
    Stage.HELLO: say("hello"),
    Stage.TLS: say("tls"),
    Stage.MAIL: say("mail"),
    Stage.RCPT: say("rcpt"),
    Stage.DATA: say("data"),
    Stage.CONTENT: say("content"),
    Stage.ENGINE: say("engine"),
}
"""Stages by the words that logs use; readers of other languages get plainer ones."""


def _silent(outcome: Outcome) -> Saying:
    match outcome.kind:
        case Kind.TEMPORARY:
            return say(
                "The receiver gave no answer (stage: {stage}).", stage=_STAGES[outcome.stage]
            )
        case Kind.PERMANENT:
            return say(
                "The receiver's domain takes no mail (stage: {stage}).",
                stage=_STAGES[outcome.stage],
            )
        case Kind.UNKNOWN:
            return say(
                "The connection broke after the mail was sent and before the receiver's answer."
            )
        case _:
            return NOTHING
