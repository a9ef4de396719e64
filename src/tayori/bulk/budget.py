"""How many failures a task may have before it is paused (pure)."""

from tayori.bulk.model import Outcomes
from tayori.config.tree import BulkSettings


def overspent(found: Outcomes, baseline: Outcomes, rules: BulkSettings) -> str:
    """Return why a task has to pause, "" when it may go on.

    Only what came after `baseline` counts: a task that somebody resumed gets a new budget.
    """
    new = found.since(baseline)
    ended = new.delivered + new.bounced
    questions = (
        (new.bounced, ended, rules.most_bounced, "bounced", "most_bounced"),
        (new.deferred, ended + new.deferred, rules.most_deferred, "were deferred", "most_deferred"),
        (new.complained, new.delivered, rules.most_complained, "complained", "most_complained"),
    )
    for failed, sample, most, word, name in questions:
        if most and sample >= rules.minimum_sample and failed > most * sample:
            return (
                f"{failed} of {sample} {word} ({failed / sample:.1%}); "
                f"bulk.{name} allows {most:.1%}."
            )
    return ""


def backlog(found: Outcomes) -> int:
    """Return how many of a task's mails wait for their end."""
    return max(0, found.accepted - found.delivered - found.bounced)
