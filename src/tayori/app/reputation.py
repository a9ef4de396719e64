"""What a domain may send and how it got there, for the doors, the workers and for commands."""

from tayori.app.door import simulator_domain
from tayori.app.parts import Parts
from tayori.events.feed_store import Horizon
from tayori.reputation.figure_store import FigureStore
from tayori.reputation.judging_store import Bench
from tayori.reputation.level_store import LevelStore
from tayori.reputation.levels import Levels
from tayori.reputation.pace import Pace
from tayori.reputation.plan_store import Planner
from tayori.reputation.rules import Rules
from tayori.reputation.standing import Quotas


def build_quotas(parts: Parts) -> Quotas:
    """Return the limits of a day and an hour."""
    rules = parts.settings.reputation
    return Quotas(
        parts.settings.policy,
        parts.zone,
        hour_share=rules.hour_share,
        provider_share=rules.provider_share,
    )


def build_pace(parts: Parts) -> Pace:
    """Return what bulk tasks ask how many mails may go."""
    return Pace(parts.database, parts.clock, build_quotas(parts))


def build_bench(parts: Parts) -> Bench:
    """Return the rules by which domains are judged."""
    settings = parts.settings
    rules = Rules(settings.reputation, settings.policy.level_per_day)
    return Bench(rules=rules, quotas=build_quotas(parts), zone=parts.zone)


def build_planner(parts: Parts) -> Planner:
    """Return what tells when a list would be finished."""
    return Planner(parts.database, parts.clock, build_bench(parts))


def build_levels(parts: Parts) -> Levels:
    """Return the reader of the event feed that raises and lowers domains."""
    bench = build_bench(parts)
    return Levels(
        figures=FigureStore(parts.database, bench, simulator=simulator_domain(parts.settings)),
        levels=LevelStore(parts.database, bench),
        horizon=Horizon(parts.database),
        clock=parts.clock,
        idle_days=parts.settings.reputation.idle_days,
    )
