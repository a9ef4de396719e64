"""`tayori tracking`: what is tracked for an account or one of its senders, and under which host."""

from enum import StrEnum
from typing import Annotated
from urllib.parse import urlsplit

import typer

from tayori.app.door import link_policy
from tayori.app.parts import Parts
from tayori.catalog.tracking_model import Switches, TrackingSetting, host_fault
from tayori.cli.account import Which
from tayori.cli.opened import CommandError, account_named, run
from tayori.cli.options import AsJson, ConfigFile
from tayori.cli.output import show, show_one
from tayori.dns.answers import Answer

tracking_app = typer.Typer(
    help="Choose whether opens and clicks are tracked, and under which host.", no_args_is_help=True
)


class Choice(StrEnum):
    """What an option says; inherit leaves it to the level above."""

    ON = "on"
    OFF = "off"
    INHERIT = "inherit"


OfSender = Annotated[
    str, typer.Option("--sender", help="The sender address that is meant; the account without.")
]
_ANSWERS = {Choice.ON: True, Choice.OFF: False, Choice.INHERIT: None}


@tracking_app.command("set")
def set_tracking(
    account: Which,
    *,
    sender: OfSender = "",
    opens: Annotated[Choice | None, typer.Option(help="Whether opens are tracked.")] = None,
    clicks: Annotated[Choice | None, typer.Option(help="Whether clicks are tracked.")] = None,
    url: Annotated[
        str | None,
        typer.Option(help="URL of the account's own tracking host; empty = the service's."),
    ] = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Change what is given and leave the rest; open servers follow within five seconds."""

    async def work(parts: Parts) -> dict[str, object]:
        named = await account_named(parts, account)
        await _check_sender(parts, named.id, sender)
        before = await parts.tracking.find(named.id, sender.lower())
        setting = TrackingSetting(
            sender=sender.lower(),
            switches=Switches(
                opens=before.switches.opens if opens is None else _ANSWERS[opens],
                clicks=before.switches.clicks if clicks is None else _ANSWERS[clicks],
            ),
            url=before.url if url is None else _host(url, sender),
        )
        await parts.tracking.put(named.id, setting)
        note = await _note(parts, setting.url)
        return {**_row(named.name, setting), "note": note}

    show_one(run(config, work), as_json=as_json)


@tracking_app.command("list")
def list_tracking(*, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Show what was chosen; where nothing was, the settings of the installation count."""

    async def work(parts: Parts) -> list[dict[str, object]]:
        names = {account.id: account.name for account in await parts.accounts.list()}
        return [
            _row(names.get(account_id, "?"), setting)
            for account_id, setting in await parts.tracking.all()
        ]

    show(run(config, work), as_json=as_json)


@tracking_app.command("reset")
def reset_tracking(
    account: Which, *, sender: OfSender = "", config: ConfigFile = None, as_json: AsJson = False
) -> None:
    """Forget what was chosen for an account or one of its senders."""

    async def work(parts: Parts) -> dict[str, object]:
        named = await account_named(parts, account)
        if not await parts.tracking.delete(named.id, sender.lower()):
            raise CommandError("Nothing was chosen there.")
        return _row(named.name, TrackingSetting(sender=sender.lower()))

    show_one(run(config, work), as_json=as_json)


async def _check_sender(parts: Parts, account_id: int, sender: str) -> None:
    if sender and await parts.senders.find(account_id, sender) is None:
        raise CommandError(f"This account has no sender {sender}.")


def _host(url: str, sender: str) -> str:
    if sender:
        raise CommandError("The tracking host is one for the whole account; leave --sender away.")
    fault = host_fault(url) if url else ""
    if fault:
        raise CommandError(f"{url}: {fault}")
    return url.rstrip("/")


async def _note(parts: Parts, url: str) -> str:
    """Return what the operator has to know of the host, "" when all is well."""
    ours = link_policy(parts.settings).tracking_url
    if not url:
        return ""
    if not ours:
        return "Set http.public_url, too: where nothing else is chosen, links lead there."
    host, wanted = urlsplit(url).hostname or "", urlsplit(ours).hostname or ""
    found, expected = await _addresses(parts, host), await _addresses(parts, wanted)
    if found & expected:
        return ""
    return f"{host} does not lead to where {wanted} is: make it a CNAME of {wanted}."


async def _addresses(parts: Parts, host: str) -> set[str]:
    answers = [await parts.resolver.lookup(host, kind) for kind in ("A", "AAAA")]
    return {str(one) for answer in answers if isinstance(answer, Answer) for one in answer.records}


def _row(account: str, setting: TrackingSetting) -> dict[str, object]:
    return {
        "account": account,
        "sender": setting.sender or "(all)",
        "opens": _shown(setting.switches.opens),
        "clicks": _shown(setting.switches.clicks),
        "url": setting.url,
    }


def _shown(choice: bool | None) -> str:
    return "inherit" if choice is None else "on" if choice else "off"
