"""`tayori source`: the addresses that mail leaves from, their warm-up, and their standing."""

from typing import Annotated

import typer

from tayori.app.delivery import warmup
from tayori.app.parts import Parts
from tayori.cli.opened import CommandError, run
from tayori.cli.options import AsJson, ConfigFile
from tayori.cli.output import show
from tayori.config.delivery import DeliverySettings
from tayori.delivery.source_check import Surroundings, check_source
from tayori.delivery.source_standing import SourceStanding, WarmUp, standings
from tayori.delivery.sources import Source

source_app = typer.Typer(help="Look at the addresses that mail leaves from.", no_args_is_help=True)


@source_app.command("list")
def list_sources(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Show all sources, their pools, and how far those that warm up have come."""

    async def work(parts: Parts) -> list[dict[str, object]]:
        if not parts.settings.delivery.sources:
            return [_only(parts.settings.service.hostname)]
        store = warmup(parts)
        found = standings(
            parts.settings.delivery,
            parts.zone,
            parts.clock.now(),
            store.table,
            await store.all(),
        )
        return [row for standing in found for row in _rows(parts, standing)]

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


def _rows(parts: Parts, standing: SourceStanding) -> list[dict[str, object]]:
    """Return one row for a warm source, else one for each provider that is counted by itself."""
    own = standing.settings
    named = Source(own.name, own.ehlo_name or parts.settings.service.hostname, own.ipv4, own.ipv6)
    row = _row(named, ", ".join(f"{pool or 'all'} ({weight})" for pool, weight in standing.pools))
    if not standing.pools:
        return [row | {"note": "It is in no pool and sends nothing."}]
    if standing.waits_for:
        note = f"Its warm-up begins on {standing.waits_for}."
        return [row | {"step": "waits", "note": note}]
    return [row | _warming(one) for one in standing.warming] or [row]


def _warming(one: WarmUp) -> dict[str, object]:
    return {
        "provider": one.provider or "others",
        "step": f"{one.step} of {one.steps}",
        "day_used": one.day_used,
        "day_cap": one.day_cap,
        "hour_used": one.hour_used,
        "hour_cap": one.hour_cap,
        "warm_on": one.warm_on,
        "note": _next(one),
    }


def _next(one: WarmUp) -> str:
    following = "no caps" if one.next_cap is None else f"{one.next_cap} mails"
    if one.grows:
        return f"Tomorrow: {following}."
    if one.held:
        return f"Held: {one.refused} of {one.day_used} mails were refused for reputation today."
    return f"Tomorrow: {following} if today's reach {one.needed}, else the same."
