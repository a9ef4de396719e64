"""`tayori callback`: where customers hear of events, and what became of the calls."""

from typing import Annotated

import typer

from tayori.app.parts import Parts
from tayori.callbacks.endpoint_store import EndpointStore
from tayori.callbacks.endpoints import Endpoints
from tayori.callbacks.model import Answer, Endpoint, LogEntry
from tayori.callbacks.posting import Poster
from tayori.cli.access import read_since
from tayori.cli.account import Which
from tayori.cli.instants import instant
from tayori.cli.opened import CommandError, account_named, done, run
from tayori.cli.options import AsJson, ConfigFile
from tayori.cli.output import show, show_one
from tayori.tenants.model import Account

callback_app = typer.Typer(
    help="Say where customers hear of events; test, log and replay calls.", no_args_is_help=True
)

OfSender = Annotated[
    str, typer.Option("--sender", help="The sender address whose events are meant; all without.")
]
Limit = Annotated[int, typer.Option("--limit", min=1, help="At most so many.")]


@callback_app.command("set")
def set_endpoint(
    account: Which,
    url: Annotated[str, typer.Argument(help="http:// or https:// address that takes the calls.")],
    *,
    sender: OfSender = "",
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Set or change an address and switch it on; the secret checks X-Tayori-Signature."""

    async def work(parts: Parts) -> dict[str, object]:
        named = await account_named(parts, account)
        endpoint = done(await _endpoints(parts).set(named, url, sender))
        return {
            "account": named.name,
            "sender": endpoint.sender or "(all)",
            "url": endpoint.url,
            "secret": endpoint.secret.decode("ascii"),
        }

    show_one(run(config, work), as_json=as_json)


@callback_app.command("list")
def list_endpoints(*, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Show all addresses, what waits for each, and which were switched off and why."""

    async def work(parts: Parts) -> list[dict[str, object]]:
        store = EndpointStore(parts.database, parts.box)
        names = {account.id: account.name for account in await parts.accounts.list()}
        waiting = await store.waiting()
        return [
            _row(each, names.get(each.account_id, "?"), waiting.get(each.id, 0), parts)
            for each in await store.every()
        ]

    show(run(config, work), as_json=as_json)


@callback_app.command("test")
def try_endpoint(
    account: Which, *, sender: OfSender = "", config: ConfigFile = None, as_json: AsJson = False
) -> None:
    """Post a made-up event now and show the answer."""

    async def work(parts: Parts) -> dict[str, object]:
        named, endpoint = await _named(parts, account, sender)
        async with Poster(parts.resolver, parts.settings.callbacks, parts.clock) as poster:
            answer = await _endpoints(parts).test(named, endpoint, poster)
        return {"url": endpoint.url, **_answer(answer)}

    show_one(run(config, work), as_json=as_json)


@callback_app.command("log")
def log(
    account: Which,
    *,
    sender: OfSender = "",
    limit: Limit = 50,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show the last calls with answer and time, newest first."""

    async def work(parts: Parts) -> list[dict[str, object]]:
        _, endpoint = await _named(parts, account, sender)
        found = await EndpointStore(parts.database, parts.box).log(endpoint.id, limit)
        return [_logged(entry, parts) for entry in found]

    show(run(config, work), as_json=as_json)


@callback_app.command("replay")
def replay(
    account: Which,
    *,
    since: Annotated[
        str, typer.Option(help="Events told since then: 2026-11-24T10:00, 90min, 2h or 7d.")
    ],
    until: Annotated[str, typer.Option(help="And before then; now without.")] = "",
    failed: Annotated[
        bool, typer.Option("--failed", help="Only those that nobody took: given up, or kept.")
    ] = False,
    sender: OfSender = "",
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Send the calls of a time again, in order; an address that is off is switched on."""

    async def work(parts: Parts) -> dict[str, object]:
        _, endpoint = await _named(parts, account, sender)
        now = parts.clock.now()
        first = read_since(since, now, parts.zone)
        end = read_since(until, now, parts.zone) if until else now + 1
        store = EndpointStore(parts.database, parts.box)
        if endpoint.off_at is not None:
            await store.switch_on(endpoint.id)
        count = await store.replay(endpoint.id, (first, end), now, failed_only=failed)
        return {"url": endpoint.url, "replayed": count}

    show_one(run(config, work), as_json=as_json)


@callback_app.command("remove")
def remove(
    account: Which, *, sender: OfSender = "", config: ConfigFile = None, as_json: AsJson = False
) -> None:
    """Delete an address with its waiting calls and its log."""

    async def work(parts: Parts) -> dict[str, object]:
        _, endpoint = await _named(parts, account, sender)
        await EndpointStore(parts.database, parts.box).delete(endpoint.id)
        return {"url": endpoint.url, "sender": endpoint.sender or "(all)", "removed": True}

    show_one(run(config, work), as_json=as_json)


def _endpoints(parts: Parts) -> Endpoints:
    return Endpoints(
        store=EndpointStore(parts.database, parts.box),
        settings=parts.settings.callbacks,
        clock=parts.clock,
    )


async def _named(parts: Parts, account: str, sender: str) -> tuple[Account, Endpoint]:
    named = await account_named(parts, account)
    for endpoint in await EndpointStore(parts.database, parts.box).of_account(named.id):
        if endpoint.sender == sender.lower():
            return named, endpoint
    whose = f"the sender {sender}" if sender else "the whole account"
    raise CommandError(
        f"{named.name} has no callback address for {whose}. "
        "Set one: tayori callback set ACCOUNT URL [--sender ADDRESS]."
    )


def _row(endpoint: Endpoint, name: str, waiting: int, parts: Parts) -> dict[str, object]:
    failing = endpoint.failing_since
    return {
        "account": name,
        "sender": endpoint.sender or "(all)",
        "url": endpoint.url,
        "state": "off" if endpoint.off_at is not None else "on",
        "waiting": waiting,
        "failing_since": instant(failing, parts.zone) if failing is not None else "",
        "why_off": endpoint.off_reason.english,
    }


def _answer(answer: Answer) -> dict[str, object]:
    return {
        "taken": answer.taken,
        "status": answer.status,
        "duration_ms": answer.duration_ms,
        "response": answer.response,
        "error": answer.error.english,
    }


def _logged(entry: LogEntry, parts: Parts) -> dict[str, object]:
    return {
        "at": instant(entry.at, parts.zone) if entry.at is not None else "",
        "call": entry.call_id,
        "event": entry.event,
        "email": entry.email,
        "status": entry.status,
        "duration_ms": entry.duration_ms,
        "state": entry.state.name.lower(),
        "response": entry.response,
        "error": entry.error.english,
    }
