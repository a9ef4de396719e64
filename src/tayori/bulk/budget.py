"""How many failures a task may have before it is paused (pure)."""

from typing import Final

from tayori.bulk.model import Outcomes
from tayori.config.tree import BulkSettings
from tayori.refusal.saying import NOTHING, Saying, say

_BOUNCED: Final = (say("bounced"), "most_bounced")
_DEFERRED: Final = (say("were deferred"), "most_deferred")
_COMPLAINED: Final = (say("complained"), "most_complained")
"""What is said of each share, and the setting that limits it."""


def overspent(found: Outcomes, baseline: Outcomes, rules: BulkSettings) -> Saying:
    """Return why a task has to pause, `NOTHING` when it may go on.

    Only what came after `baseline` counts: a task that somebody resumed gets a new budget.
    """
    new = found.since(baseline)
    ended = new.delivered + new.bounced
    questions = (
        (new.bounced, ended, rules.most_bounced, _BOUNCED),
        (new.deferred, ended + new.deferred, rules.most_deferred, _DEFERRED),
        (new.complained, new.delivered, rules.most_complained, _COMPLAINED),
    )
    for failed, sample, most, (word, name) in questions:
        if most and sample >= rules.minimum_sample and failed > most * sample:
            return say(
                "{failed} of {sample} {word} ({share}); {setting} allows {most}.",
                failed=failed,
                sample=sample,
                word=word,
                share=f"{failed / sample:.1%}",
                setting=f"bulk.{name}",
                most=f"{most:.1%}",
            )
    return NOTHING


def backlog(found: Outcomes) -> int:
    """Return how many of a task's mails wait for their end."""
    return max(0, found.accepted - found.delivered - found.bounced)
