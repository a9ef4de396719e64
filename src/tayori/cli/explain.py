"""`tayori explain-reply`: what a receiver's reply means to us."""

import re
from typing import Annotated

import typer

from tayori.classify.reply import classify
from tayori.cli.options import AsJson
from tayori.cli.output import show_one
from tayori.mail.outcome import Kind, Outcome, Scope, Stage
from tayori.mail.reply import reply_from_lines

_REPLY = re.compile(r"([45]\d\d)[ -]?(.*)\Z", re.DOTALL)


def explain_reply(
    text: Annotated[str, typer.Argument(help='The reply, such as "550 5.1.1 User unknown".')],
    provider: Annotated[str, typer.Option(help="The receiving provider, if known.")] = "",
    as_json: AsJson = False,
) -> None:
    """Show class, action and deciding rule of a receiver's reply."""
    match = _REPLY.match(text.strip())
    if match is None:
        raise typer.BadParameter("A refusal begins with a three-digit code, 4xx or 5xx.")
    reply = reply_from_lines(int(match[1]), match[2].splitlines() or [""])
    kind = Kind.PERMANENT if reply.permanent else Kind.TEMPORARY
    outcome = Outcome(kind=kind, scope=Scope.RECIPIENT, stage=Stage.RCPT, reply=reply)
    verdict = classify(outcome)
    row = {
        "class": verdict.bounce_class.value,
        "action": verdict.action.value,
        "rule": verdict.rule,
        "provider": provider or "any",
    }
    show_one(row, as_json=as_json)
