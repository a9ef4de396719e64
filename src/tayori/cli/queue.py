"""`tayori queue`: what waits for delivery, and an operator's hand in it.

Every change is an event of the message. A recipient that a delivery process works on is left alone.
"""

from dataclasses import replace
from datetime import tzinfo
from typing import Annotated

import typer

from tayori.app.parts import Parts
from tayori.cli.instants import instant
from tayori.cli.opened import CommandError, run
from tayori.cli.options import AsJson, ConfigFile
from tayori.cli.output import show
from tayori.cli.queue_choice import (
    Choice,
    Limit,
    OfAccount,
    OfClass,
    OfDomain,
    OfProvider,
    OfState,
    OfTask,
    OlderThan,
    StateName,
)
from tayori.queue.operate import Entry, Wish
from tayori.queue.operator_store import Changed, Filter, OperatorStore
from tayori.queue.states import State

queue_app = typer.Typer(help="Look into the queue and change it.", no_args_is_help=True)


Which = Annotated[
    list[str] | None,
    typer.Argument(metavar="[ID]...", help="Recipient ids and MessageIds; none = by the filters."),
]
_LARGEST = 2**63 - 1


@queue_app.command("list")
def list_queue(
    *,
    state: OfState = None,
    account: OfAccount = "",
    domain: OfDomain = "",
    provider: OfProvider = "",
    bounce_class: OfClass = None,
    task: OfTask = None,
    older_than: OlderThan = "",
    limit: Limit = 100,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show recipients, those due first at the top; without --state all that have not ended."""
    choice = Choice(
        state=state,
        account=account,
        domain=domain,
        provider=provider,
        bounce_class=bounce_class,
        task=task,
        older_than=older_than,
        limit=limit,
    )

    async def work(parts: Parts) -> list[dict[str, object]]:
        wanted = await choice.filter(parts)
        found = await OperatorStore(parts.database).find(wanted)
        return [_row(entry, parts.zone) for entry in found]

    show(run(config, work), as_json=as_json)


@queue_app.command("retry")
def retry(
    ids: Which = None,
    *,
    state: OfState = None,
    account: OfAccount = "",
    domain: OfDomain = "",
    provider: OfProvider = "",
    bounce_class: OfClass = None,
    task: OfTask = None,
    older_than: OlderThan = "",
    limit: Limit = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Make the next attempt due at once."""
    choice = Choice(
        state=state,
        account=account,
        domain=domain,
        provider=provider,
        bounce_class=bounce_class,
        task=task,
        older_than=older_than,
        limit=limit,
    )

    async def work(parts: Parts) -> list[dict[str, object]]:
        wanted = await choice.filter(parts)
        return await _change(parts, Wish.RETRY, ids or [], wanted)

    show(run(config, work), as_json=as_json)


@queue_app.command("drop")
def drop(
    ids: Which = None,
    *,
    reason: Annotated[str, typer.Option(help="What the account is told.")] = "",
    state: OfState = None,
    account: OfAccount = "",
    domain: OfDomain = "",
    provider: OfProvider = "",
    bounce_class: OfClass = None,
    task: OfTask = None,
    older_than: OlderThan = "",
    limit: Limit = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """End recipients without sending; this cannot be undone."""
    choice = Choice(
        state=state,
        account=account,
        domain=domain,
        provider=provider,
        bounce_class=bounce_class,
        task=task,
        older_than=older_than,
        limit=limit,
    )

    async def work(parts: Parts) -> list[dict[str, object]]:
        wanted = await choice.filter(parts)
        said = reason.strip() or "The operator of the service dropped the mail."
        return await _change(parts, Wish.DROP, ids or [], wanted, said)

    show(run(config, work), as_json=as_json)


@queue_app.command("hold")
def hold(
    ids: Which = None,
    *,
    state: OfState = None,
    account: OfAccount = "",
    domain: OfDomain = "",
    provider: OfProvider = "",
    bounce_class: OfClass = None,
    task: OfTask = None,
    older_than: OlderThan = "",
    limit: Limit = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Keep recipients from being tried, beyond their lifetime too, until they are released."""
    choice = Choice(
        state=state,
        account=account,
        domain=domain,
        provider=provider,
        bounce_class=bounce_class,
        task=task,
        older_than=older_than,
        limit=limit,
    )

    async def work(parts: Parts) -> list[dict[str, object]]:
        wanted = await choice.filter(parts)
        return await _change(parts, Wish.HOLD, ids or [], wanted)

    show(run(config, work), as_json=as_json)


@queue_app.command("release")
def release(
    ids: Which = None,
    *,
    account: OfAccount = "",
    domain: OfDomain = "",
    provider: OfProvider = "",
    bounce_class: OfClass = None,
    task: OfTask = None,
    older_than: OlderThan = "",
    limit: Limit = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Let held recipients go on; their next attempt is due at once. Without any choice: all."""
    choice = Choice(
        state=None if ids else StateName.HELD,
        account=account,
        domain=domain,
        provider=provider,
        bounce_class=bounce_class,
        task=task,
        older_than=older_than,
        limit=limit,
    )

    async def work(parts: Parts) -> list[dict[str, object]]:
        wanted = await choice.filter(parts)
        return await _change(parts, Wish.RELEASE, ids or [], wanted)

    show(run(config, work), as_json=as_json)


async def _change(
    parts: Parts, wish: Wish, ids: list[str], wanted: Filter, reason: str = ""
) -> list[dict[str, object]]:
    if not ids and replace(wanted, limit=None) == Filter():
        raise CommandError("Say which: recipient ids, MessageIds, or a filter such as --account.")
    store = OperatorStore(parts.database)
    now = parts.clock.now()
    chosen = [_named(text, wanted) for text in ids]
    for text, each in zip(ids, chosen, strict=True):
        if not await store.find(each):
            raise CommandError(f"There is no such recipient or message: {text}. Nothing was done.")
    changed: list[Changed] = []
    for each in chosen or [wanted]:
        changed += await store.change(each, wish, now, reason)
    if ids and all(isinstance(each.result, str) for each in changed):
        first = changed[0]
        raise CommandError(f"{first.entry.address} was left as it is. {first.result}")
    return [_changed_row(each) for each in changed]


def _named(text: str, wanted: Filter) -> Filter:
    if text.isascii() and text.isdigit():
        return replace(wanted, recipient_ids=(min(int(text), _LARGEST),))
    return replace(wanted, message_ids=(text,))


def _row(entry: Entry, zone: tzinfo) -> dict[str, object]:
    held = entry.state is State.HELD
    return {
        "recipient_id": entry.recipient_id,
        "message_id": entry.message_id,
        "account_id": entry.account_id,
        "address": entry.address,
        "state": entry.state.name.lower(),
        "attempts": entry.attempts,
        "due_at": "" if held else instant(entry.due_at, zone),
        "accepted_at": instant(entry.accepted_at, zone),
        "reply": entry.reply.english,
    }


def _changed_row(changed: Changed) -> dict[str, object]:
    left = isinstance(changed.result, str)
    state = changed.entry.state if isinstance(changed.result, str) else changed.result.state
    return {
        "recipient_id": changed.entry.recipient_id,
        "message_id": changed.entry.message_id,
        "address": changed.entry.address,
        "changed": not left,
        "state": state.name.lower(),
        "note": changed.result if left else "",
    }
