"""How far the sources of the settings have come with their warm-up, for operators (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from tayori.config.delivery import DeliverySettings, SourceSettings
from tayori.delivery.pools import Member, pools_of
from tayori.reputation.warmup import Progress, Table, advanced, grows
from tayori.runtime.clock import SECOND, day_of, day_range


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmUp:
    """A source's warm-up at one provider, "" for all that are not counted by themselves.

    `next_cap` is the cap of tomorrow if today's mails reach `needed` (None: no caps any more);
    `held` tells that too many were refused for it. `warm_on` is the earliest day without caps.
    """

    provider: str
    step: int
    steps: int
    day_used: int
    day_cap: int
    hour_used: int
    hour_cap: int
    refused: int
    warm_on: str
    next_cap: int | None
    needed: int
    grows: bool
    held: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceStanding:
    """A source. `pools` are names with weights; `waits_for` is the day on which it begins.

    `warming` is empty for a source that is warm.
    """

    settings: SourceSettings
    pools: Sequence[tuple[str, int]]
    waits_for: str = ""
    warming: Sequence[WarmUp] = ()


def standings(
    delivery: DeliverySettings,
    zone: tzinfo,
    now: int,
    table: Table,
    progress: Mapping[tuple[str, str], Progress],
) -> list[SourceStanding]:
    """Return all sources in the order of the settings."""
    pools = pools_of(delivery, zone)
    found = []
    for source in delivery.sources:
        members = {
            pool: member
            for pool, some in pools.by_name.items()
            for member in some
            if member.source.name == source.name
        }
        found.append(_standing(source, members, zone, now, (table, progress)))
    return found


def _standing(
    source: SourceSettings,
    members: Mapping[str, Member],
    zone: tzinfo,
    now: int,
    warmth: tuple[Table, Mapping[tuple[str, str], Progress]],
) -> SourceStanding:
    pools = [(pool, member.weight) for pool, member in members.items()]
    begins = next((member.warms_from for member in members.values()), None)
    if begins is None:
        return SourceStanding(settings=source, pools=pools)
    if now < begins:
        return SourceStanding(settings=source, pools=pools, waits_for=source.warmup_start)
    table, progress = warmth
    providers = sorted({provider for name, provider in progress if name == source.name} | {""})
    each = [
        _warm_up(provider, progress.get((source.name, provider)), table, zone, now)
        for provider in providers
    ]
    return SourceStanding(
        settings=source, pools=pools, warming=[one for one in each if one is not None]
    )


def _warm_up(
    provider: str, progress: Progress | None, table: Table, zone: tzinfo, now: int
) -> WarmUp | None:
    curve = table.curve(provider)
    _, day_ends_at = day_range(day_of(now, zone), zone)
    at = progress or advanced(None, table, curve, now, day_ends_at)
    if curve.is_warm(at.step):
        return None
    left = timedelta(days=curve.steps - at.step + 1)
    end = datetime.fromtimestamp(now / SECOND, zone).date() + left
    return WarmUp(
        provider=provider,
        step=at.step,
        steps=curve.steps,
        day_used=at.day_used,
        day_cap=curve.day_cap(at.step),
        hour_used=at.hour_used,
        hour_cap=curve.hour_cap(at.step),
        refused=at.refused,
        warm_on=end.isoformat(),
        next_cap=None if curve.is_warm(at.step + 1) else curve.day_cap(at.step + 1),
        needed=int(curve.day_cap(at.step) * table.grow_above) + 1,
        grows=grows(at, table, curve),
        held=at.refused > at.day_used * table.hold_above,
    )
