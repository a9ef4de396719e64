"""Decides what becomes of a recipient after an attempt. Pure: all policy about outcomes is here.

Delivered is delivered; permanent fails; everything else, the unknown included, is tried again on
the retry curve until the lifetime ends.
"""

import random
from dataclasses import replace

from tayori.classify.model import Action, BounceClass
from tayori.classify.reply import classify
from tayori.mail.outcome import Kind, Outcome
from tayori.queue.model import Leased, Settlement
from tayori.queue.schedule import next_attempt
from tayori.queue.states import State


def judge(recipient: Leased, outcome: Outcome, now: int, chance: random.Random) -> Settlement:
    """Return the settlement of one attempt; `now` is milliseconds since the epoch."""
    if outcome.kind is Kind.DELIVERED:
        return _settlement(recipient, outcome, now, State.DELIVERED, "")
    verdict = classify(outcome)
    if verdict.action in {Action.FAIL, Action.FAIL_AND_BLACKLIST}:
        bounced = _settlement(recipient, outcome, now, State.BOUNCED, verdict.bounce_class.value)
        return replace(bounced, blocks=verdict.action is Action.FAIL_AND_BLACKLIST)
    due_at = next_attempt(recipient.attempts + 1, now, recipient.expires_at, chance)
    if due_at is None:
        return _settlement(recipient, outcome, now, State.EXPIRED, BounceClass.EXPIRED.value)
    return Settlement(
        recipient=recipient,
        state=State.DEFERRED,
        at=now,
        due_at=due_at,
        outcome=outcome,
        bounce_class=verdict.bounce_class.value,
        reply=_said(outcome),
        keeps_source=verdict.bounce_class is BounceClass.GREYLISTED,
        avoids_source=verdict.action is Action.SWITCH_SOURCE,
    )


def _settlement(
    recipient: Leased, outcome: Outcome, now: int, state: State, bounce_class: str
) -> Settlement:
    return Settlement(
        recipient=recipient,
        state=state,
        at=now,
        outcome=outcome,
        bounce_class=bounce_class,
        reply=_said(outcome),
    )


def _said(outcome: Outcome) -> str:
    if outcome.reply is not None:
        return str(outcome.reply)
    return _SILENT[outcome.kind].format(stage=outcome.stage.value)


_SILENT = {
    Kind.DELIVERED: "",
    Kind.TEMPORARY: "The receiver gave no answer (stage: {stage}).",
    Kind.PERMANENT: "The receiver's domain takes no mail (stage: {stage}).",
    Kind.UNKNOWN: "The connection broke after the mail was sent and before the receiver's answer.",
}
