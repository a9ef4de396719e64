"""`tayori inbound`: mail that came in, what became of it, and where mail to domains goes."""

import sys
from typing import Annotated

import typer

from tayori.app.inbound import build_router
from tayori.app.parts import Parts
from tayori.cli.instants import instant
from tayori.cli.opened import CommandError, run
from tayori.cli.options import AsJson, ConfigFile
from tayori.cli.output import show, show_one
from tayori.inbound.forwarding_store import Domain, ForwardingStore
from tayori.inbound.spool import Entry, SpoolState
from tayori.inbound.spool_store import Spool
from tayori.inbound.trace import traced
from tayori.mail.address import AddressError, parse_address, parse_domain
from tayori.mail.reply import Reply

inbound_app = typer.Typer(
    help="Mail that came in: what became of it, what is kept aside, and forwarding.",
    no_args_is_help=True,
)

OfDomain = Annotated[str, typer.Argument(metavar="DOMAIN", help="A customer's verified domain.")]


@inbound_app.command("list")
def list_mails(
    *,
    kept: Annotated[bool, typer.Option("--kept", help="Only mails kept aside.")] = False,
    waiting: Annotated[bool, typer.Option("--waiting", help="Only mails not yet read.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 50,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show the newest mails: from where, for whom, and what became of them."""
    state = SpoolState.KEPT if kept else SpoolState.WAITING if waiting else None

    async def work(parts: Parts) -> list[dict[str, object]]:
        return [_row(each, parts) for each in await Spool(parts.database).entries(limit, state)]

    show(run(config, work), as_json=as_json)


@inbound_app.command("count")
def count_mails(*, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Count the mails of the last days by state and kind."""

    async def work(parts: Parts) -> list[dict[str, object]]:
        totals = await Spool(parts.database).totals()
        return [
            {"state": state.name.lower(), "kind": kind or "(not yet read)", "mails": number}
            for (state, kind), number in sorted(totals.items())
        ]

    show(run(config, work), as_json=as_json)


@inbound_app.command("show")
def show_mail(
    number: Annotated[int, typer.Argument(metavar="ID", help="As in `tayori inbound list`.")],
    *,
    raw: Annotated[
        bool, typer.Option("--raw", help="Print the mail itself, with its trace, to stdout.")
    ] = False,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show one mail; with --raw as it came, which `tayori explain-bounce -` reads."""

    async def work(parts: Parts) -> tuple[dict[str, object], bytes | None]:
        found = await Spool(parts.database).entry(number)
        if found is None:
            raise CommandError(f"There is no inbound mail {number}.")
        if not raw:
            return _row(found, parts) | _more(found), None
        if found.content is None:
            raise CommandError(f"Mail {number} was understood, so its content was erased.")
        host_name = parts.settings.service.hostname
        results = found.authentication or f"{host_name}; none"
        return {}, traced(found, found.content, results, host_name)

    row, octets = run(config, work)
    if octets is None:
        show_one(row, as_json=as_json)
    else:
        sys.stdout.buffer.write(octets)


@inbound_app.command("forward")
def forward(
    domain: OfDomain,
    address: Annotated[str, typer.Argument(help="Where mail to the domain goes; none = nowhere.")],
    *,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Forward mail that people write to a customer's domain, such as replies."""

    async def work(parts: Parts) -> dict[str, object]:
        store = ForwardingStore(parts.database)
        found = await _domain(store, domain)
        if address == "none":
            await store.remove(found.identity_id)
            return {"domain": found.name, "forward_to": ""}
        to = parse_address(address)
        if isinstance(to, AddressError):
            raise CommandError(f"{address}: {to.sentence}")
        if to.domain == found.name or not isinstance(
            await build_router(parts).route(to.addr), Reply
        ):
            raise CommandError(f"{to.addr} leads back to this server: choose a mailbox elsewhere.")
        await store.put(found.identity_id, to.addr, parts.clock.now())
        return {"domain": found.name, "forward_to": to.addr}

    show_one(run(config, work), as_json=as_json)


@inbound_app.command("forwards")
def forwards(*, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Show the domains whose mail is forwarded."""

    async def work(parts: Parts) -> list[dict[str, object]]:
        names = {account.id: account.name for account in await parts.accounts.list()}
        return [
            {
                "domain": each.name,
                "account": names.get(each.account_id, "?"),
                "forward_to": each.forward_to or "(the domain is not verified)",
            }
            for each in await ForwardingStore(parts.database).forwarded()
        ]

    show(run(config, work), as_json=as_json)


async def _domain(store: ForwardingStore, text: str) -> Domain:
    name = parse_domain(text)
    found = None if isinstance(name, AddressError) else await store.domain(name)
    if found is None:
        raise CommandError(f"{text} is no sender domain of any account.")
    return found


def _row(entry: Entry, parts: Parts) -> dict[str, object]:
    return {
        "id": entry.id,
        "received_at": instant(entry.received_at, parts.zone),
        "state": entry.state.name.lower(),
        "kind": entry.kind,
        "from": entry.header_from or f"<{entry.mail_from}>",
        "to": ", ".join(entry.recipients),
        "subject": entry.subject,
        "note": entry.note,
    }


def _more(entry: Entry) -> dict[str, object]:
    return {
        "mail_from": entry.mail_from,
        "client": entry.client,
        "helo": entry.helo,
        "tls": entry.tls,
        "size": entry.size,
        "attempts": entry.attempts,
        "authentication": entry.authentication,
        "content": "kept" if entry.content is not None else "erased",
    }
