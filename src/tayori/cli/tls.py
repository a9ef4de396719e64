"""`tayori tls`: what receivers demand of a connection, and whose mail never travels in clear."""

import random
from typing import Annotated

import typer

from tayori.app.parts import Parts
from tayori.cli.instants import instant
from tayori.cli.opened import CommandError, account_named, run
from tayori.cli.options import AsJson, ConfigFile
from tayori.cli.output import show, show_one
from tayori.delivery.plan import Planner, Route
from tayori.delivery.security.model import Demand, HostDemand
from tayori.delivery.security.report_store import ReportStore
from tayori.delivery.security.service import Security, build_security
from tayori.delivery.security.store import SecurityStore
from tayori.delivery.shaping_rules import LiveShaping
from tayori.dns.mx import MailHostFinder
from tayori.dns.names import to_host
from tayori.mail.outcome import Outcome

tls_app = typer.Typer(help="Security of the way to receivers.", no_args_is_help=True)


@tls_app.command("show")
def show_policy(
    domain: Annotated[str, typer.Argument(help="A domain that mail goes to.")],
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Look up now what holds for each mail host of a domain: DANE, MTA-STS, and our own rules."""
    show(run(config, lambda parts: _policy(parts, domain)), as_json=as_json)


@tls_app.command("require")
def require(
    account: Annotated[str, typer.Argument(help="Id, AppId or name of the account.")],
    domain: Annotated[str, typer.Option(help="Only mail of this sender domain.")] = "",
    off: Annotated[bool, typer.Option("--off", help="Require it no more.")] = False,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Let mail of an account never travel in clear or to a host without a trusted certificate."""

    async def work(parts: Parts) -> dict[str, object]:
        found = await account_named(parts, account)
        store = SecurityStore(parts.database)
        name = to_host(domain) or domain
        if not domain:
            await store.require_account(found.id, required=not off)
        elif not await store.require_identity(found.id, name, required=not off):
            raise CommandError(f"The account {found.name} has no sender domain {domain}.")
        tls = "as receivers can" if off else "required"
        return {"account_id": found.id, "domain": name, "tls": tls}

    show_one(run(config, work), as_json=as_json)


@tls_app.command("hosts")
def hosts(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Show the mail hosts that do not manage the best TLS, and until when that is believed."""

    async def work(parts: Parts) -> list[dict[str, object]]:
        _, found = await SecurityStore(parts.database).changed(0)
        now = parts.clock.now()
        return [
            {
                "host": each.host,
                "begins_with": "old versions" if each.rung == 1 else "clear text",
                "until": instant(each.ends_at, parts.zone),
                "reason": each.reason,
            }
            for each in found
            if each.ends_at > now
        ]

    show(run(config, work), as_json=as_json)


@tls_app.command("reports")
def reports(
    most: Annotated[int, typer.Option(help="How many.")] = 100,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show the TLS reports that were sent to receivers, newest day first, and what went wrong."""

    async def work(parts: Parts) -> list[dict[str, object]]:
        return [
            {
                "day": each.day,
                "domain": each.domain,
                "state": each.state,
                "tries": each.tries,
                "detail": each.detail,
            }
            for each in await ReportStore(parts.database).latest(most)
        ]

    show(run(config, work), as_json=as_json)


async def _policy(parts: Parts, domain: str) -> list[dict[str, object]]:
    chance = random.Random()  # noqa: S311 - an order of hosts guards no secret
    rules = LiveShaping(parts.data_dir, parts.settings.delivery).current
    finder = MailHostFinder(parts.resolver, parts.clock, chance)
    planner = Planner(finder, chance, allow_private=True, rules=lambda: rules)
    route = await planner.route(domain, parts.clock.now())
    if isinstance(route, Outcome):
        raise CommandError(f"{route.reply.text if route.reply else route.detail} {route.detail}")
    security = build_security(
        SecurityStore(parts.database),
        settings=parts.settings.delivery,
        queue=parts.queue,
        resolver=parts.resolver,
        clock=parts.clock,
    )
    await security.start()
    try:
        rule = rules.shape(route.provider, route.own_rule).tls.value
        return await _rows(parts, security, route, rule)
    finally:
        await security.stop()
        await parts.resolver.close()


async def _rows(
    parts: Parts, security: Security, route: Route, rule: str
) -> list[dict[str, object]]:
    policy = await security.securing.policy(route)
    known = await security.store.policy(policy.domain)
    sts = {
        "mta_sts": policy.sts.mode.value if policy.sts else "",
        "mta_sts_until": instant(known.expires_at, parts.zone) if known and policy.sts else "",
        "mta_sts_trouble": known.trouble if known else "",
    }
    dnssec = "signed" if route.signed else "unsigned"
    if not parts.resolver.validates:
        dnssec = "no resolver that may be believed (dns.trust_ad)"
    found = await security.securing.hosts(route, policy)
    return [
        {
            "host": host,
            "demand": _demand(demand),
            "why": demand.why if isinstance(demand, HostDemand) else "",
            "tlsa_records": len(demand.tlsa) if isinstance(demand, HostDemand) else 0,
            "rule": rule,
            "dnssec": dnssec,
            **sts,
        }
        for host, demand in found.items()
    ]


def _demand(demand: HostDemand | Outcome) -> str:
    if isinstance(demand, Outcome):
        return f"not used: {demand.reply}"
    return {
        Demand.ANY: "opportunistic",
        Demand.ENCRYPTED: "encrypted",
        Demand.VERIFIED: "verified",
        Demand.DANE: "dane",
    }[demand.demand]
