"""Adds events up to a domain's figures of a day, by the receiver's provider (pure)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import NamedTuple

from tayori.events.model import PROVIDER
from tayori.reputation.figures import (
    Fate,
    Figures,
    added,
    address_number,
    day_number,
    fate,
    is_first_attempt,
)
from tayori.reputation.level_model import Fact
from tayori.runtime.clock import day_of


class DomainDay(NamedTuple):
    """A day of a domain, "YYYY-MM-DD"."""

    identity_id: int
    day: str

    @property
    def number(self) -> int:
        """Return the day's ordinal number."""
        return day_number(self.day)


class Known(NamedTuple):
    """What is remembered of a recipient of a day."""

    flags: Fate
    provider: str


@dataclass(slots=True)
class Tally:
    """The events of one domain and day: what they tell of each recipient, and the mails tried."""

    fates: dict[int, Fate] = field(default_factory=dict)
    providers: dict[int, str] = field(default_factory=dict)
    mails: list[int] = field(default_factory=list)
    """The recipient's number of each mail whose first attempt ended."""


def tally(facts: Iterable[Fact], zone: tzinfo, oldest: str) -> dict[DomainDay, Tally]:
    """Return what the facts tell; days before `oldest` are left out, since nobody judges them."""
    found: dict[DomainDay, Tally] = {}
    for fact in facts:
        told = fate(fact.kind, fact.data)
        first = is_first_attempt(fact.kind, fact.data)
        day = day_of(fact.accepted_at, zone)
        if not (told or first) or day < oldest:
            continue
        of_day = found.setdefault(DomainDay(fact.identity_id, day), Tally())
        number = address_number(fact.address)
        of_day.fates[number] = of_day.fates.get(number, Fate(0)) | told
        provider = str(fact.data.get(PROVIDER, ""))
        if provider:
            of_day.providers[number] = provider
        if first:
            of_day.mails.append(number)
    return found


def merged(
    told: Tally, known: Mapping[int, Known]
) -> tuple[dict[int, Known], dict[str, Figures], Figures]:
    """Return the recipients that change, and what is added per provider and in all."""
    changed: dict[int, Known] = {}
    by_provider: dict[str, Figures] = {}
    for number, new in told.fates.items():
        before = known.get(number, Known(Fate(0), ""))
        provider = told.providers.get(number) or before.provider
        more = added(before.flags, new)
        if (before.flags | new, provider) != before:
            changed[number] = Known(before.flags | new, provider)
        by_provider[provider] = by_provider.get(provider, Figures()).plus(more)
    for number in told.mails:
        provider = told.providers.get(number) or known.get(number, Known(Fate(0), "")).provider
        by_provider[provider] = by_provider.get(provider, Figures()).plus(Figures(mails=1))
    total = Figures()
    for figures in by_provider.values():
        total = total.plus(figures)
    return changed, {name: one for name, one in by_provider.items() if any(one)}, total
