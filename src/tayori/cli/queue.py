"""`tayori queue`: what waits for delivery, and an operator's hand in it.

Every change is an event of the message. A recipient that a delivery process works on is left alone.
"""

from dataclasses import replace
from datetime import tzinfo
from enum import StrEnum
from typing import Annotated

import typer

from tayori.app.parts import Parts
from tayori.cli.instants import instant
from tayori.cli.opened import CommandError, account_named, run
from tayori.cli.options import AsJson, ConfigFile
from tayori.cli.output import show
from tayori.dns.names import to_ascii
from tayori.queue.operate import Entry, Wish
from tayori.queue.operator_store import Changed, Filter, OperatorStore
from tayori.queue.states import State

queue_app = typer.Typer(help="Look into the queue and change it.", no_args_is_help=True)


class StateName(StrEnum):
    """The states of a recipient by name."""

    QUEUED = "queued"
    SENDING = "sending"
    DEFERRED = "deferred"
    HELD = "held"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    DROPPED = "dropped"
    EXPIRED = "expired"


OfState = Annotated[StateName | None, typer.Option("--state", help="Only those in this state.")]
OfAccount = Annotated[str, typer.Option("--account", help="Only those of this account.")]
OfDomain = Annotated[str, typer.Option("--domain", help="Only those at this receiving domain.")]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="At most so many.")]
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
    limit: Limit = 100,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show recipients, those due first at the top; without --state all that have not ended."""

    async def work(parts: Parts) -> list[dict[str, object]]:
        wanted = await _filter(parts, state, account, domain, limit)
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
    limit: Limit = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Make the next attempt due at once."""

    async def work(parts: Parts) -> list[dict[str, object]]:
        wanted = await _filter(parts, state, account, domain, limit)
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
    limit: Limit = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """End recipients without sending; this cannot be undone."""

    async def work(parts: Parts) -> list[dict[str, object]]:
        wanted = await _filter(parts, state, account, domain, limit)
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
    limit: Limit = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Keep recipients from being tried, beyond their lifetime too, until they are released."""

    async def work(parts: Parts) -> list[dict[str, object]]:
        wanted = await _filter(parts, state, account, domain, limit)
        return await _change(parts, Wish.HOLD, ids or [], wanted)

    show(run(config, work), as_json=as_json)


@queue_app.command("release")
def release(
    ids: Which = None,
    *,
    account: OfAccount = "",
    domain: OfDomain = "",
    limit: Limit = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Let held recipients go on; their next attempt is due at once. Without any choice: all."""

    async def work(parts: Parts) -> list[dict[str, object]]:
        held = None if ids else StateName.HELD
        wanted = await _filter(parts, held, account, domain, limit)
        return await _change(parts, Wish.RELEASE, ids or [], wanted)

    show(run(config, work), as_json=as_json)


async def _filter(
    parts: Parts, state: StateName | None, account: str, domain: str, limit: int | None
) -> Filter:
    return Filter(
        state=None if state is None else State[state.name],
        account_id=(await account_named(parts, account)).id if account else None,
        domain=(to_ascii(domain) or domain.lower()) if domain else None,
        limit=limit,
    )


async def _change(
    parts: Parts, wish: Wish, ids: list[str], wanted: Filter, reason: str = ""
) -> list[dict[str, object]]:
    if not ids and replace(wanted, limit=None) == Filter():
        raise CommandError("Say which: recipient ids, MessageIds, --state, --account or --domain.")
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
        "reply": entry.reply,
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
