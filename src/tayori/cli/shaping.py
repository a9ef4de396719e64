"""`tayori shaping`: which limits hold towards a domain, and whether the rules can be used."""

import asyncio
import random
from pathlib import Path
from typing import Annotated

import typer

from tayori.cli.opened import CommandError
from tayori.cli.options import AsJson, ConfigFile, settings
from tayori.cli.output import show_one
from tayori.config.tree import Settings
from tayori.delivery.shaping import Limits, Rate, Shape, Shaping
from tayori.delivery.shaping_rules import LiveShaping
from tayori.dns.exchange import parse_server
from tayori.dns.mx import MailHostFinder, MailHosts, NoMail
from tayori.dns.resolver import Resolver
from tayori.runtime.clock import DAY, HOUR, MINUTE, SECOND, SystemClock

shaping_app = typer.Typer(help="Limits towards receivers.", no_args_is_help=True)
_PERIODS = {SECOND: "s", MINUTE: "min", HOUR: "h", DAY: "d"}


def rules_of(tree: Settings) -> Shaping:
    """Return the shaping rules of an installation; RuleFileError is a sentence."""
    return LiveShaping(Path(tree.data_dir), tree.delivery).current


@shaping_app.command("check")
def check(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Say whether the rules, the operator's included, can be used."""
    rules = rules_of(settings(config))
    row = {
        "rules": "good",
        "providers": len(rules.providers),
        "domains": len(rules.domains),
        "sources": len(rules.sources),
    }
    show_one(row, as_json=as_json)


@shaping_app.command("show")
def show_shape(
    domain: Annotated[str, typer.Argument(help="A domain that mail goes to.")],
    config: ConfigFile = None,
    source: Annotated[str, typer.Option(help="Name of the source.")] = "",
    as_json: AsJson = False,
) -> None:
    """Show the limits towards a domain, and who its provider is."""
    tree = settings(config)
    rules = rules_of(tree)
    hosts = asyncio.run(_hosts(tree, domain))
    provider = rules.provider_of(domain, hosts)
    own = rules.own_rule(domain)
    shape = rules.shape(provider, own, source)
    show_one({"domain": domain, "hosts": hosts, **_row(shape, own)}, as_json=as_json)


async def _hosts(tree: Settings, domain: str) -> list[str]:
    clock = SystemClock()
    servers = [parse_server(server) for server in tree.dns.servers]
    resolver = Resolver(servers, clock, timeout_s=tree.dns.timeout_s)
    chance = random.Random()  # noqa: S311 - an order of hosts guards no secret
    found = await MailHostFinder(resolver, clock, chance).find_hosts(domain)
    if isinstance(found, MailHosts):
        return sorted(host.name for host in found.hosts)
    if isinstance(found, NoMail):
        raise CommandError(found.reason.value.english)
    raise CommandError(f"The mail hosts of {domain} could not be found out: {found.detail}")


def _row(shape: Shape, own: str) -> dict[str, object]:
    return {
        "provider": shape.provider,
        "own_rule": own,
        **_limits("", shape.site),
        **(_limits("together_", shape.together) if shape.provider else {}),
        "mails_per_connection": shape.mails_per_connection,
        "recipients_per_mail": shape.recipients_per_mail,
        "idle_s": shape.idle_ms / SECOND,
        "tls": shape.tls.value,
    }


def _limits(prefix: str, limits: Limits) -> dict[str, object]:
    return {
        f"{prefix}connections": limits.connections,
        f"{prefix}connection_rate": _text(limits.connection_rate),
        f"{prefix}mail_rate": _text(limits.mail_rate),
    }


def _text(rate: Rate | None) -> str:
    return f"{rate.count}/{_PERIODS[rate.period_ms]}" if rate else "none"
