"""`tayori explain-reply`: what a receiver's reply means to us."""

import re
from pathlib import Path
from typing import Annotated

import typer

from tayori.classify.current import BounceRules
from tayori.classify.model import Verdict
from tayori.classify.reply import classify
from tayori.classify.rules import Ruleset
from tayori.cli.options import AsJson, ConfigFile, settings
from tayori.cli.output import show_one
from tayori.mail.outcome import Kind, Outcome, Scope, Stage
from tayori.mail.reply import Reply, split_reply

_QUOTED = re.compile(r"(?:said: |smtp; ?|^|\s)([45]\d\d[ -].*)\Z", re.IGNORECASE | re.DOTALL)
_LIKELY = (Stage.RCPT, Stage.CONTENT, Stage.MAIL, Stage.GREETING)
"""Stages in the order in which a reply without one is read."""

OfStage = Annotated[
    Stage | None,
    typer.Option(help="Where in the conversation it was said; the likeliest when not given."),
]


def explain_reply(
    text: Annotated[str, typer.Argument(help='The reply, such as "550 5.1.1 User unknown".')],
    *,
    provider: Annotated[str, typer.Option(help="The receiving provider, if known.")] = "",
    stage: OfStage = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show class, action and deciding rule of a receiver's reply."""
    reply = split_reply(text)
    quoted = _QUOTED.search(text) if reply is None else None
    if quoted is not None:
        # A line of a log or of a bounce that somebody pasted.
        reply = split_reply(quoted[1])
    if reply is None:
        raise typer.BadParameter("A refusal begins with a three-digit code, 4xx or 5xx.")
    rules = BounceRules(Path(settings(config).data_dir)).current
    verdict = _verdict(reply, provider, stage, rules)
    row = {
        "class": verdict.bounce_class.value,
        "action": verdict.action.value,
        "rule": verdict.rule,
        "provider": rules.provider(provider) or verdict.provider or "any",
    }
    show_one(row, as_json=as_json)


def _verdict(reply: Reply, provider: str, stage: Stage | None, rules: Ruleset) -> Verdict:
    kind = Kind.PERMANENT if reply.permanent else Kind.TEMPORARY
    verdicts = [
        classify(
            Outcome(kind=kind, scope=Scope.RECIPIENT, stage=at, reply=reply), provider, rules=rules
        )
        for at in ([stage] if stage else _LIKELY)
    ]
    return next((verdict for verdict in verdicts if verdict.understood), verdicts[0])
