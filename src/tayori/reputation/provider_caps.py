"""How many of an hour's bulk mails one receiving provider may get from a domain (pure).

A provider that slows down holds up its own mails only. The runner asks with the counts of the
database, the planner with its own on a clock of its own.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tayori.reputation.figures import Figures
from tayori.reputation.model import Claim, Scope
from tayori.reputation.slowing import pace_towards
from tayori.reputation.standing import Quotas

OTHER: Final = ""
"""All receivers of whose domain no provider is known, together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderCaps:
    """The caps of a domain in a clock hour that ends at `ends_at`.

    `per_hour` is the most bulk mails of the hour to all, `share` the part of it that one provider
    may get, and `by_provider` are the domain's figures of the day so far.
    """

    domain: str
    per_hour: int
    share: float
    by_provider: Mapping[str, Figures]
    ends_at: int

    def cap(self, provider: str) -> int:
        """Return the most mails to a provider in the hour, at least one.

        Who asks to slow down gets a part of what it has had: of its share of the day's recipients.
        """
        share = 1.0 if provider == OTHER else self.share
        figures = self.by_provider.get(provider, Figures())
        pace = pace_towards(figures)
        if pace < 1:
            share = min(share, figures.sent / sum(one.sent for one in self.by_provider.values()))
        # Rounded first, since 0.3 * 50 is a little more than 15 in binary.
        return max(1, math.ceil(round(self.per_hour * share * pace, 6)))

    def claim(self, provider: str, amount: int = 0) -> Claim:
        """Return the wish to count so many mails to a provider."""
        return provider_claim(
            self.domain, provider, amount=amount, limit=self.cap(provider), ends_at=self.ends_at
        )


def provider_claim(domain: str, provider: str, *, amount: int, limit: int, ends_at: int) -> Claim:
    """Return the wish to count mails of a domain to a provider in the hour that ends then."""
    return Claim(
        scope=Scope.PROVIDER_HOUR,
        key=f"{domain}>{provider}",
        amount=amount,
        limit=limit,
        window_ends_at=ends_at,
    )


def caps_of(
    quotas: Quotas, domain: str, per_day: int, now: int, by_provider: Mapping[str, Figures]
) -> ProviderCaps | None:
    """Return the caps of the hour for a domain with this quota; None where hours have no cap."""
    per_hour = quotas.hour_cap(per_day)
    if not per_hour:
        return None
    return ProviderCaps(
        domain=domain,
        per_hour=per_hour,
        share=quotas.provider_share,
        by_provider=by_provider,
        ends_at=quotas.end_of_hour(now),
    )
