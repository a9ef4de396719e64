"""What the reactions in force mean for a mail and for a way. Pure."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC

from tayori.delivery.plan import Route
from tayori.delivery.reactions.model import Effect, Reaction
from tayori.delivery.shaping import NO_EFFECTS, Effects, Rate
from tayori.queue.model import Leased
from tayori.refusal.saying import Saying, say
from tayori.runtime.clock import MINUTE, SECOND, local

SPREAD_MS = MINUTE
"""Mails that a pause put off come back spread over at most this long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Why a mail is not sent now, and until when."""

    reaction: Reaction
    until: int

    @property
    def spread_ms(self) -> int:
        """Return over how long its mails come back; a short pause spreads them less."""
        return min(SPREAD_MS, SECOND + self.reaction.duration_ms // 10)

    @property
    def saying(self) -> Saying:
        """Return the sentence for whoever asks why the mail waits."""
        return say(
            "paused by reaction {name} until {until}: {reason}",
            name=self.reaction.name,
            until=local(self.until, UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
            reason=self.reaction.reason,
        )

    def __str__(self) -> str:
        """Return the sentence in English."""
        return self.saying.english


class Active:
    """The reactions in force, as every mail meets them."""

    def __init__(self, reactions: Sequence[Reaction] = ()) -> None:
        self._reactions = tuple(reactions)
        self._by_way: dict[tuple[str, str], tuple[Reaction, ...]] = {}

    @property
    def holds_back(self) -> bool:
        """Tell whether any of them lets mails wait."""
        return any(each.effect.holds_back for each in self._reactions)

    @property
    def of_tasks(self) -> bool:
        """Tell whether the tasks of mails matter."""
        return any(each.scope.task_id is not None for each in self._reactions)

    def pause(self, recipient: Leased, route: Route, task_id: int | None, now: int) -> Pause | None:
        """Return what a mail waits for longest on this way, or None when it may go."""
        found = [
            Pause(reaction=each, until=each.next_at(now))
            for each in self._on(route.source.name, destination_of(route))
            if _means(each, recipient, task_id) and _waits(each, recipient, now)
        ]
        return max(found, key=lambda pause: pause.until, default=None)

    def effects(self, destination: str, source: str, now: int) -> Effects:
        """Return what the reactions that mean all mail of a way ask of its shape."""
        effects = NO_EFFECTS
        for each in self._on(source, destination):
            if each.scope.of_sites and not each.over(now):
                effects = _both(effects, _asked(each, now))
        return effects

    def avoids(self, source: str, destination: str, now: int) -> bool:
        """Tell whether all mail of a way waits."""
        return any(
            each.scope.of_sites and each.effect.holds_back and now < each.ends_at
            for each in self._on(source, destination)
        )

    def _on(self, source: str, destination: str) -> tuple[Reaction, ...]:
        if not self._reactions:
            return ()
        way = (source, destination)
        known = self._by_way.get(way)
        if known is None:
            known = self._by_way[way] = tuple(
                each
                for each in self._reactions
                if each.scope.takes(source=source, destination=destination)
            )
        return known


def destination_of(route: Route) -> str:
    """Return the provider of a route, or its site when no rule names a provider."""
    return route.provider or route.site


def _asked(reaction: Reaction, now: int) -> Effects:
    """Return what one reaction asks now; a step of its release is never narrower than the whole."""
    effect, part = reaction.effect, reaction.part(now)
    if effect == Effect():
        return NO_EFFECTS
    if part:
        slowed = effect.pause or effect.mails_per_minute is not None
        rate_part = max(part, effect.rate_factor or 0.0)
        fewer = effect.pause or effect.connections is not None
        return Effects(
            rate_part=rate_part if slowed or effect.rate_factor is not None else 1.0,
            connection_part=part if fewer else 1.0,
        )
    return Effects(
        connections=effect.connections,
        mail_rate=_per_minute(effect.mails_per_minute),
        mails_per_connection=effect.mails_per_connection,
        rate_part=effect.rate_factor or 1.0,
    )


def _per_minute(mails: float | None) -> Rate | None:
    if mails is None:
        return None
    return Rate(int(mails), MINUTE) if mails >= 1 else Rate(1, round(MINUTE / mails))


def _both(one: Effects, other: Effects) -> Effects:
    rates = [rate for rate in (one.mail_rate, other.mail_rate) if rate is not None]
    return Effects(
        connections=_least(one.connections, other.connections),
        mail_rate=max(rates, key=lambda rate: rate.interval_us, default=None),
        mails_per_connection=_least(one.mails_per_connection, other.mails_per_connection),
        rate_part=min(one.rate_part, other.rate_part),
        connection_part=min(one.connection_part, other.connection_part),
    )


def _least(one: int | None, other: int | None) -> int | None:
    return min((limit for limit in (one, other) if limit is not None), default=None)


def _means(reaction: Reaction, recipient: Leased, task_id: int | None) -> bool:
    scope = reaction.scope
    return scope.account_id in {None, recipient.account_id} and scope.task_id in {None, task_id}


def _waits(reaction: Reaction, recipient: Leased, now: int) -> bool:
    if not reaction.effect.holds_back or reaction.over(now):
        return False
    step = reaction.step(now)
    if step == 0:
        return True
    # Of a way, all mails may go at a lower rate again; of an account or a task a part may go.
    return not (reaction.scope.of_sites or _lot(reaction, recipient, step) < reaction.part(now))


def _lot(reaction: Reaction, recipient: Leased, step: int) -> float:
    """Return a number in [0, 1) that is drawn anew for each step, the same in every process."""
    return zlib.crc32(b"%d %d %d" % (reaction.id, step, recipient.id)) / 2**32
