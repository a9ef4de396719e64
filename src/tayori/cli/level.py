"""`tayori level`: how sender domains stand, why, and what an operator decides about it."""

from collections.abc import Sequence
from datetime import tzinfo
from typing import Annotated

import typer

from tayori.app.parts import Parts
from tayori.app.reputation import build_bench, build_quotas
from tayori.cli.instants import instant
from tayori.cli.opened import CommandError, account_named, run
from tayori.cli.options import AsJson, ConfigFile
from tayori.cli.output import show, show_one
from tayori.mail.address import AddressError, parse_domain
from tayori.refusal.saying import Saying
from tayori.reputation.figures import Figures
from tayori.reputation.level_model import Change, DayRow, Domain
from tayori.reputation.level_store import LevelStore
from tayori.reputation.standing import DayUse
from tayori.reputation.standing_store import StandingStore

level_app = typer.Typer(help="Look after the reputation of sender domains.", no_args_is_help=True)

Which = Annotated[str, typer.Argument(metavar="DOMAIN", help="A sender domain of any account.")]
Why = Annotated[str, typer.Option("--reason", help="What is kept with the change.")]
CHANGES = 20
DAYS = 7


@level_app.command("list")
def list_levels(
    account: Annotated[str, typer.Option(help="Only domains of this account.")] = "",
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show each sender domain's level, quota and figures of today."""

    async def work(parts: Parts) -> list[dict[str, object]]:
        owner = (await account_named(parts, account)).id if account else None
        now = parts.clock.now()
        found = await LevelStore(parts.database, build_bench(parts)).all(owner, now)
        days = await _days(parts, [domain for domain, _ in found])
        return [
            _row(parts, domain, days[domain.domain]) | _shares(figures, parts)
            for domain, figures in found
        ]

    show(run(config, work), as_json=as_json)


@level_app.command("show")
def show_level(domain: Which, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Show a domain's shares beside their limits, its last days, and what was decided and why."""

    async def work(parts: Parts) -> dict[str, list[dict[str, object]]]:
        store = LevelStore(parts.database, build_bench(parts))
        found = await _domain(store, domain)
        now = parts.clock.now()
        days = await store.days(found.identity_id, now, DAYS)
        changes = await store.changes(found.identity_id, CHANGES)
        today = next((day for day in days if day.provider == "*" and not day.closed), None)
        return {
            "domain": [await _shown(parts, found)],
            "rates": _rates(parts, today.figures if today else Figures()),
            "days": [_day(day) for day in days],
            "changes": [_change(change, parts.zone) for change in changes],
        }

    found = run(config, work)
    if as_json:
        show_one({"domain": found.pop("domain")[0], **found}, as_json=True)
        return
    for name, rows in found.items():
        print(f"\n{name}" if name != "domain" else name)
        show(rows, as_json=False)


@level_app.command("set")
def set_level(
    domain: Which,
    level: Annotated[int, typer.Argument(min=0, max=20, help="0 = sending forbidden.")],
    reason: Why,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Choose a domain's level; what was decided about it for today or tomorrow is lifted."""

    async def work(parts: Parts) -> dict[str, object]:
        store = LevelStore(parts.database, build_bench(parts))
        found = await _domain(store, domain)
        changed = await store.set_level(found.domain, level, reason, parts.clock.now())
        return await _shown(parts, changed or found)

    show_one(run(config, work), as_json=as_json)


@level_app.command("unblock")
def unblock(domain: Which, reason: Why, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Let a stopped domain send again; each account may have this done a few times."""

    async def work(parts: Parts) -> dict[str, object]:
        store = LevelStore(parts.database, build_bench(parts))
        found = await _domain(store, domain)
        most = parts.settings.reputation.unblocks
        changed = await store.unblock(found.domain, reason, parts.clock.now(), most)
        if isinstance(changed, Saying):
            raise CommandError(f"{changed} An operator may use: tayori level set.")
        return await _shown(parts, changed or found)

    show_one(run(config, work), as_json=as_json)


async def _domain(store: LevelStore, text: str) -> Domain:
    name = parse_domain(text)
    if isinstance(name, AddressError):
        raise CommandError(name.sentence)
    found = await store.find(name)
    if found is None:
        raise CommandError(f"No account has a sender domain {name}.")
    return found


async def _days(parts: Parts, domains: Sequence[Domain]) -> dict[str, DayUse]:
    owners = {domain.domain: domain.account_id for domain in domains}
    return await StandingStore(parts.database, build_quotas(parts)).days(owners, parts.clock.now())


async def _shown(parts: Parts, domain: Domain) -> dict[str, object]:
    return _row(parts, domain, (await _days(parts, [domain]))[domain.domain])


def _row(parts: Parts, domain: Domain, day: DayUse) -> dict[str, object]:
    standing, now, level = domain.standing, parts.clock.now(), day.level
    falls = standing.next_level is not None and level != standing.next_level
    return {
        "domain": domain.domain,
        "account_id": domain.account_id,
        "level": level,
        "per_day": day.per_day,
        "used": day.used,
        "next_level": standing.next_level if falls else None,
        "stopped_until": instant(standing.blocked_until, parts.zone)
        if standing.is_blocked(now)
        else None,
        "reason": standing.blocked_reason.english if standing.is_blocked(now) else "",
    }


def _shares(figures: Figures, parts: Parts) -> dict[str, object]:
    bad = [rate for rate in build_bench(parts).rules.rates(figures) if rate.bad]
    enough = build_bench(parts).rules.is_enough(figures)
    return {
        "sent": figures.sent,
        "rejected": f"{figures.of_sent('rejected'):.2%}",
        "complained": f"{figures.of_delivered('complained'):.2%}",
        "opened": f"{figures.of_delivered('opened'):.2%}",
        "beyond": sorted({f"{rate.name}: {rate.follows}" for rate in bad}) if enough else [],
    }


def _rates(parts: Parts, figures: Figures) -> list[dict[str, object]]:
    rules = build_bench(parts).rules
    return [
        {
            "rate": rate.name,
            "today": round(rate.value, 5),
            "limit": rate.threshold,
            "beyond": rate.bad and rules.is_enough(figures),
            "follows": rate.follows,
        }
        for rate in rules.rates(figures)
    ]


def _day(row: DayRow) -> dict[str, object]:
    return {"day": row.day, "provider": row.provider or "other", **row.figures._asdict()}


def _change(change: Change, zone: tzinfo) -> dict[str, object]:
    return {
        "at": instant(change.at, zone),
        "change": change.kind,
        "from": change.from_level,
        "to": change.to_level,
        "effective": instant(change.effective_at, zone),
        "by": change.by,
        "reason": change.reason.english,
    }
