"""`tayori reaction`: what is slowed or paused, why, and an operator's own switches.

Delivery processes read what is in force once a second, so a change takes effect within that.
"""

import getpass
from datetime import tzinfo
from pathlib import Path
from typing import Annotated

import typer

from tayori.app.parts import Parts
from tayori.bulk.store import TaskStore
from tayori.cli.instants import instant, span
from tayori.cli.opened import CommandError, account_named, run
from tayori.cli.options import AsJson, ConfigFile, settings
from tayori.cli.output import show
from tayori.config.rules import RuleFile
from tayori.delivery.reactions.model import Effect, Reaction, Scope
from tayori.delivery.reactions.rules import FILE, ReactionRule, check_effect, rules_of, span_of
from tayori.delivery.reactions.store import ReactionStore
from tayori.refusal.saying import say

reaction_app = typer.Typer(
    help="See, cancel and add reactions to what receivers say.", no_args_is_help=True
)
_STEPS = ("full", "release 1 of 3", "release 2 of 3", "release 3 of 3")

Everything = Annotated[bool, typer.Option("--all", help="Also those that are over.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="With --all: at most so many.")]
Number = Annotated[int, typer.Argument(metavar="ID", help="The reaction's number.")]
Reason = Annotated[str, typer.Option(help="Why; whoever asks what a mail waits for reads it.")]
Source = Annotated[
    str | None, typer.Option(help='Only mail from this source; "" is the system\'s own address.')
]
Provider = Annotated[
    str | None, typer.Option(help="Only mail to this provider, or to this site by its name.")
]
OfAccount = Annotated[str, typer.Option("--account", help="Only mail of this account.")]
OfTask = Annotated[int | None, typer.Option("--task", help="Only mail of this bulk task.")]
PerMinute = Annotated[
    float | None, typer.Option(help="At most so many mails a minute, instead of a pause.")
]
Factor = Annotated[float | None, typer.Option(help="This part of all rates, such as 0.25.")]
Links = Annotated[int | None, typer.Option("--connections", help="At most so many connections.")]
PerLink = Annotated[
    int | None, typer.Option("--mails-per-connection", help="At most so many on each.")
]
Duration = Annotated[str, typer.Option("--for", help='How long, such as "10 min" or "1 day".')]
StopTask = Annotated[bool, typer.Option("--stop-task", help="Stop the bulk task as well.")]


@reaction_app.command("list")
def list_reactions(
    *,
    everything: Everything = False,
    limit: Limit = 100,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show what is in force, oldest first; with --all the latest ones, newest first."""

    async def work(parts: Parts) -> list[dict[str, object]]:
        store = ReactionStore(parts.database)
        now = parts.clock.now()
        if everything:
            found = await store.latest(limit)
        else:
            found = [each.reaction for each in await store.in_force()]
            found = [each for each in found if not each.over(now)]
        return [_row(each, now, parts.zone) for each in found]

    show(run(config, work), as_json=as_json)


@reaction_app.command("cancel")
def cancel(number: Number, *, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """End a reaction; the mails that it let wait are due at once, without steps."""

    async def work(parts: Parts) -> list[dict[str, object]]:
        store = ReactionStore(parts.database)
        now = parts.clock.now()
        ended = await store.end(number, now, say("cancelled by {who}", who=_who()))
        if ended is None:
            raise CommandError(f"There is no reaction {number} in force.")
        woken = await store.wake(ended, now) if ended.effect.holds_back else 0
        parts.queue_signal.announce()
        return [{"id": ended.id, "name": ended.name, "scope": str(ended.scope), "woken": woken}]

    show(run(config, work), as_json=as_json)


@reaction_app.command("add")
def add(
    *,
    reason: Reason,
    source: Source = None,
    provider: Provider = None,
    account: OfAccount = "",
    task: OfTask = None,
    per_minute: PerMinute = None,
    factor: Factor = None,
    connections: Links = None,
    per_connection: PerLink = None,
    stop_task: StopTask = False,
    duration: Duration = "10 min",
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Pause or slow mail by hand; at a place where an operator's is in force already, change it."""
    slow = Effect(
        rate_factor=factor,
        mails_per_minute=per_minute,
        connections=connections,
        mails_per_connection=per_connection,
        stop_task=stop_task,
    )
    effect = Effect(pause=True) if slow == Effect() else slow

    async def work(parts: Parts) -> list[dict[str, object]]:
        scope = await _scope(parts, source, provider, account, task)
        try:
            check_effect(effect, of_sites=scope.of_sites)
            duration_ms = span_of(duration)
        except ValueError as error:
            raise CommandError(f"Nothing was done: {error}.") from error
        if stop_task and task is None:
            raise CommandError("Nothing was done: --stop-task needs --task.")
        now = parts.clock.now()
        added = await ReactionStore(parts.database).add(
            scope, effect, reason=reason, by=_who(), duration_ms=duration_ms, now=now
        )
        return [_row(added, now, parts.zone)]

    show(run(config, work), as_json=as_json)


async def _scope(
    parts: Parts, source: str | None, provider: str | None, account: str, task: int | None
) -> Scope:
    account_id = (await account_named(parts, account)).id if account else None
    if task is not None:
        found = await TaskStore(parts.database).get(task)
        if found is None:
            raise CommandError(f"There is no task {task}.")
        account_id = found.account_id
    scope = Scope(source=source, destination=provider, account_id=account_id, task_id=task)
    if scope == Scope():
        raise CommandError("Say which: --source, --provider, --account or --task.")
    return scope


def _who() -> str:
    return f"operator {getpass.getuser()}"


def _row(reaction: Reaction, now: int, zone: tzinfo) -> dict[str, object]:
    ended = reaction.ended_at is not None
    return {
        "id": reaction.id,
        "name": reaction.name,
        "source": reaction.scope.source,
        "provider": reaction.scope.destination,
        "account_id": reaction.scope.account_id,
        "task_id": reaction.scope.task_id,
        "effect": str(reaction.effect),
        "step": "over" if ended or reaction.over(now) else _STEPS[reaction.step(now)],
        "by": reaction.by,
        "since": instant(reaction.began_at, zone),
        "until": instant(reaction.ends_at, zone),
        "released": instant(reaction.gone_at if not ended else reaction.ended_at, zone),
        "ended": reaction.ended_why.english,
        "reason": reaction.reason,
    }


@reaction_app.command("rules")
def rules(*, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Show the rules in force; a mistake in the operator's file is said instead."""
    data_dir = Path(settings(config).data_dir)
    found = rules_of(*RuleFile(FILE, data_dir).read())
    show([_rule_row(rule) for rule in found], as_json=as_json)


def _rule_row(rule: ReactionRule) -> dict[str, object]:
    words = {
        "class": rule.bounce_class and rule.bounce_class.value,
        "action": rule.action and rule.action.value,
        "rule": rule.rule,
        "about": " or ".join(sorted(rule.about)),
        "text": rule.text and rule.text.pattern,
    }
    return {
        "name": rule.name,
        "provider": ", ".join(sorted(rule.providers)) or "any",
        "when": "; ".join(f"{name}: {word}" for name, word in words.items() if word),
        "threshold": f"{rule.threshold} in {span(rule.window_ms)}",
        "scope": rule.place.value,
        "effect": str(rule.effect),
        "duration": span(rule.duration_ms),
        "source": rule.source,
    }
