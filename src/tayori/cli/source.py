"""`tayori source`: the addresses that mail leaves from, their warm-up, and their standing."""

from datetime import datetime, timedelta
from typing import Annotated

import typer

from tayori.app.delivery import warmup
from tayori.app.parts import Parts
from tayori.cli.opened import CommandError, run
from tayori.cli.options import AsJson, ConfigFile
from tayori.cli.output import show
from tayori.config.delivery import DeliverySettings, SourceSettings
from tayori.delivery.pools import Member, pools_of
from tayori.delivery.source_check import Surroundings, check_source
from tayori.delivery.sources import Source
from tayori.reputation.warmup import Progress, Table, advanced, grows
from tayori.runtime.clock import SECOND, day_of, day_range

source_app = typer.Typer(help="Look at the addresses that mail leaves from.", no_args_is_help=True)


@source_app.command("list")
def list_sources(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Show all sources, their pools, and how far those that warm up have come."""

    async def work(parts: Parts) -> list[dict[str, object]]:
        if not parts.settings.delivery.sources:
            return [_only(parts.settings.service.hostname)]
        store = warmup(parts)
        progress = await store.all()
        return [
            row
            for source in parts.settings.delivery.sources
            for row in _rows(parts, source, store.table, progress)
        ]

    show(run(config, work), as_json=as_json)


@source_app.command("check")
def check(
    name: Annotated[str, typer.Argument(help="Only this source.")] = "",
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Look up reverse names, EHLO names, SPF and block lists of the sources now."""

    async def work(parts: Parts) -> list[dict[str, object]]:
        our = Surroundings(
            hostname=parts.settings.service.hostname,
            spf_include=parts.settings.domains.spf_include,
            dnsbl_zones=parts.settings.delivery.dnsbl_zones,
        )
        try:
            return [
                {
                    "source": found.source,
                    "address": found.address,
                    "check": found.check,
                    "status": found.state.value,
                    "explanation": found.sentence,
                }
                for source in _chosen(parts.settings.delivery, name)
                for found in await check_source(source, our, parts.resolver)
            ]
        finally:
            await parts.resolver.close()

    show(run(config, work), as_json=as_json)


def _chosen(delivery: DeliverySettings, name: str) -> list[Source]:
    if not delivery.sources:
        raise CommandError("There are no sources in delivery.sources; the system chooses.")
    chosen = [
        Source(source.name, source.ehlo_name, source.ipv4, source.ipv6)
        for source in delivery.sources
        if name in {"", source.name}
    ]
    if not chosen:
        known = ", ".join(source.name for source in delivery.sources)
        raise CommandError(f"There is no source {name} in delivery.sources. Known are: {known}.")
    return chosen


def _only(hostname: str) -> dict[str, object]:
    return _row(Source("", hostname), "") | {"note": "The system chooses the address."}


def _row(source: Source, pools: str) -> dict[str, object]:
    return {
        "source": source.name,
        "ipv4": source.ipv4,
        "ipv6": source.ipv6,
        "ehlo_name": source.ehlo_name,
        "pools": pools,
        "provider": "",
        "step": "warm",
        "day_used": None,
        "day_cap": None,
        "hour_used": None,
        "hour_cap": None,
        "warm_on": "",
        "note": "",
    }


def _rows(
    parts: Parts,
    source: SourceSettings,
    table: Table,
    progress: dict[tuple[str, str], Progress],
) -> list[dict[str, object]]:
    """Return one row for a warm source, else one for each provider that is counted by itself."""
    named = Source(
        source.name, source.ehlo_name or parts.settings.service.hostname, source.ipv4, source.ipv6
    )
    member, pools = _membership(parts, source.name)
    row = _row(named, pools)
    now = parts.clock.now()
    if member is None or member.warms_from is None:
        return [row | ({} if pools else {"note": "It is in no pool and sends nothing."})]
    if now < member.warms_from:
        return [row | {"step": "waits", "note": f"Its warm-up begins on {source.warmup_start}."}]
    providers = sorted({provider for name, provider in progress if name == source.name} | {""})
    return [
        row | _standing(parts, table, provider, progress.get((source.name, provider)))
        for provider in providers
    ]


def _membership(parts: Parts, name: str) -> tuple[Member | None, str]:
    pools = pools_of(parts.settings.delivery, parts.zone)
    members = {
        pool or "all": member
        for pool, some in pools.by_name.items()
        for member in some
        if member.source.name == name
    }
    shown = ", ".join(f"{pool} ({member.weight})" for pool, member in members.items())
    return next(iter(members.values()), None), shown


def _standing(
    parts: Parts, table: Table, provider: str, progress: Progress | None
) -> dict[str, object]:
    now = parts.clock.now()
    curve = table.curve(provider)
    _, day_ends_at = day_range(day_of(now, parts.zone), parts.zone)
    at = progress or advanced(None, table, curve, now, day_ends_at)
    named: dict[str, object] = {"provider": provider or "others"}
    if curve.is_warm(at.step):
        return named | {"note": "Its warm-up is over."}
    left = timedelta(days=curve.steps - at.step + 1)
    end = datetime.fromtimestamp(now / SECOND, parts.zone).date() + left
    return named | {
        "step": f"{at.step} of {curve.steps}",
        "day_used": at.day_used,
        "day_cap": curve.day_cap(at.step),
        "hour_used": at.hour_used,
        "hour_cap": curve.hour_cap(at.step),
        "warm_on": end.isoformat(),
        "note": _next(table, provider, at),
    }


def _next(table: Table, provider: str, at: Progress) -> str:
    curve = table.curve(provider)
    following = "no caps" if curve.is_warm(at.step + 1) else f"{curve.day_cap(at.step + 1)} mails"
    if grows(at, table, curve):
        return f"Tomorrow: {following}."
    if at.refused > at.day_used * table.hold_above:
        return f"Held: {at.refused} of {at.day_used} mails were refused for reputation today."
    needed = int(curve.day_cap(at.step) * table.grow_above) + 1
    return f"Tomorrow: {following} if today's reach {needed}, else the same."
