"""When a list would be finished, day by day, before its task exists (pure).

The forecast runs the same limits and rules as the service, on a clock of its own. It supposes that
the task runs alone, that receivers answer at once, and that as many mails arrive as usual.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import tzinfo

from tayori.reputation.figures import Figures
from tayori.reputation.mixing import dealt_out, split
from tayori.reputation.provider_caps import OTHER, ProviderCaps, caps_of
from tayori.reputation.room import room_in, windows
from tayori.reputation.rules import Day, Kind, Rules
from tayori.reputation.standing import Quotas, Standing
from tayori.runtime.clock import day_of

STEP = 200
"""Mails that a task sends before it asks again."""
MOST_DAYS = 1_000
USUAL_DELIVERED = 0.98


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A domain as it stands when the forecast begins.

    `used` are the counts of calendar windows by their counter; `figures`, `by_provider` and `rises`
    are today's. `mix` is the part of the list that each provider has, in all 1.
    """

    account_id: int
    domain: str
    standing: Standing
    at: int
    overrides: Mapping[str, int] = field(default_factory=dict)
    used: Mapping[tuple[str, str], int] = field(default_factory=dict)
    figures: Figures = field(default_factory=Figures)
    by_provider: Mapping[str, Figures] = field(default_factory=dict)
    rises: int = 0
    mix: Mapping[str, float] = field(default_factory=lambda: {OTHER: 1.0})


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedDay:
    """A day of the forecast; `per_day` is the quota at its end, 0 = no limit."""

    day: str
    level: int
    """At its beginning."""
    level_after: int
    per_day: int
    mails: int
    total: int
    """Mails up to its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A forecast; `finished_at` is None when so many mails will not be out in `MOST_DAYS` days."""

    days: tuple[PlannedDay, ...]
    finished_at: int | None


class _Run:
    """The virtual service while a list goes out."""

    def __init__(
        self, start: Start, recipients: int, quotas: Quotas, rules: Rules, delivered: float
    ) -> None:
        self._left = split(recipients, start.mix)
        self._by_provider = dict(start.by_provider)
        self.now = start.at
        self._start = start
        self._quotas = quotas
        self._rules = rules
        self._delivered = delivered
        self._used = dict(start.used)
        self.standing = start.standing
        self._figures = start.figures
        self._arrived = float(start.figures.delivered)
        self._rises = start.rises

    @property
    def level(self) -> int:
        return self.standing.level_at(self.now)

    @property
    def per_day(self) -> int:
        return self._quotas.domain_per_day(self.level, self._start.overrides)

    def send(self, wanted: int) -> tuple[int, int]:
        """Send what may go of `wanted`; return how many, and when to ask again if it is none."""
        whose = (self._start.account_id, self._start.domain)
        limits = list(windows(self._quotas, whose, self.level, self._start.overrides, self.now))
        known = [self._used.get(window.claim().counter, 0) for window in limits]
        room = room_in(dict(zip(limits, known, strict=True)), wanted)
        caps = caps_of(self._quotas, self._start.domain, self.per_day, self.now, self._by_provider)
        going = dealt_out(room.amount, self._left, self._room_of(caps))
        amount = sum(going.values())
        claims = [window.claim(amount) for window in limits]
        claims += [caps.claim(provider, n) for provider, n in going.items()] if caps else []
        for claim in claims:
            self._used[claim.counter] = self._used.get(claim.counter, 0) + claim.amount
        for provider, n in going.items():
            self._left[provider] -= n
            more = self._by_provider.get(provider, Figures()).plus(Figures(mails=n, sent=n))
            self._by_provider[provider] = more
        self._count(amount)
        return amount, caps.ends_at if room.amount and caps else room.again_at

    def _room_of(self, caps: ProviderCaps | None) -> Mapping[str, int]:
        """Return how many mails may still go to each provider now."""
        if caps is None:
            return self._left
        claims = {provider: caps.claim(provider) for provider in self._left}
        return {
            provider: max(0, claim.limit - self._used.get(claim.counter, 0))
            for provider, claim in claims.items()
        }

    def begin_day(self, at: int) -> None:
        """Go on to the first instant of a day."""
        self.now = at
        self.standing = self.standing.settled(at)
        self._figures, self._arrived, self._rises = Figures(), 0.0, 0
        self._by_provider = {}

    def _count(self, mails: int) -> None:
        self._arrived += mails * self._delivered
        more = Figures(mails=mails, sent=mails)
        self._figures = self._figures.plus(more)._replace(delivered=int(self._arrived))
        today = Day(
            figures=self._figures,
            level=self.level,
            per_day=self.per_day,
            rises=self._rises,
            falls=self.standing.next_level is not None,
        )
        for decision in self._rules.judge(today):
            if decision.kind is Kind.RAISED:
                self.standing = replace(self.standing, level=decision.level)
                self._rises += 1


def forecast(
    start: Start,
    recipients: int,
    rules: Rules,
    quotas: Quotas,
    zone: tzinfo,
    *,
    delivered: float = USUAL_DELIVERED,
    step: int = STEP,
) -> Plan:
    """Return day by day how many of a list's mails are out; `delivered` is the share that arrives.

    A fall that is decided on takes place; what may go wrong later is not guessed.
    """
    run = _Run(start, recipients, quotas, rules, delivered)
    days: list[PlannedDay] = []
    total = 0
    while total < recipients and len(days) < MOST_DAYS:
        level, ends_at, mails = run.level, quotas.end_of_day(run.now), 0
        while total + mails < recipients and run.now < ends_at:
            sent, again_at = run.send(min(step, recipients - total - mails))
            mails += sent
            if not sent:
                run.now = again_at
        total += mails
        days.append(
            PlannedDay(
                day=day_of(ends_at - 1, zone),
                level=level,
                level_after=run.standing.level,
                per_day=quotas.domain_per_day(run.standing.level, start.overrides),
                mails=mails,
                total=total,
            )
        )
        if total < recipients:
            run.begin_day(ends_at)
    return Plan(days=tuple(days), finished_at=run.now if total >= recipients else None)
