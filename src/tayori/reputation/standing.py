"""What a domain and its account may send, as values (pure). Times are milliseconds since the epoch.

A limit of 0 means that there is none.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import tzinfo

from tayori.config.tree import Policy
from tayori.refusal.saying import NOTHING, Saying
from tayori.runtime.clock import HOUR, day_of, day_range
from tayori.tenants.model import Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A domain's reputation. A lower level that was decided on holds from `next_level_at` on."""

    level: int
    next_level: int | None = None
    next_level_at: int | None = None
    blocked_until: int | None = None
    blocked_reason: Saying = NOTHING

    @classmethod
    def of(cls, identity: Identity) -> "Standing":
        """Return the standing of an identity as it was read."""
        return cls(**{name: getattr(identity, name) for name in cls.__dataclass_fields__})

    def level_at(self, now: int) -> int:
        """Return the level that holds at an instant; 0 = sending forbidden."""
        if self.next_level is None or self.next_level_at is None or now < self.next_level_at:
            return self.level
        return self.next_level

    def settled(self, now: int) -> "Standing":
        """Return it with a fall that has taken place by then as the level."""
        if self.next_level_at is None or now < self.next_level_at:
            return self
        return replace(self, level=self.level_at(now), next_level=None, next_level_at=None)

    def is_blocked(self, now: int) -> bool:
        """Tell whether the domain is stopped for the rest of a day."""
        return self.blocked_until is not None and now < self.blocked_until


@dataclass(frozen=True, slots=True, kw_only=True)
class Standings:
    """What is true of domains and accounts in one transaction; who is not named is ordinary.

    `overrides` are limits that an operator set for an account, by the name of the setting.
    """

    domains: Mapping[str, Standing] = field(default_factory=dict)
    overrides: Mapping[int, Mapping[str, int]] = field(default_factory=dict)
    suspended: Mapping[int, Saying] = field(default_factory=dict)
    """Accounts that are suspended, with the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayUse:
    """A domain's day: the level that holds, its quota (0 = no limit, or level 0), what is used."""

    level: int
    per_day: int
    used: int
    stopped: bool
    """Nothing may be sent now: level 0, stopped for the day, or the account is suspended."""


class Quotas:
    """The limits of a day and an hour, from settings, levels and overrides.

    `provider_share` is the part of an hour's bulk mails that one receiving provider may get.
    """

    def __init__(
        self, policy: Policy, zone: tzinfo, *, hour_share: float = 1.0, provider_share: float = 1.0
    ) -> None:
        self.provider_share = provider_share
        self._policy = policy
        self._zone = zone
        self._hour_share = hour_share
        self._day = (0, 0)

    def account_per_day(self, overrides: Mapping[str, int]) -> int:
        """Return the most mails of an account in a day."""
        return overrides.get("account_per_day", self._policy.account_per_day)

    def mailbox_per_hour(self, overrides: Mapping[str, int]) -> int:
        """Return the most mails from one sender to one mailbox in an hour."""
        return overrides.get("mailbox_per_hour", self._policy.mailbox_per_hour)

    def domain_per_day(self, level: int, overrides: Mapping[str, int]) -> int:
        """Return the most mails of a domain in a day; level 0 is another matter."""
        own = overrides.get("domain_per_day")
        return of_level(self._policy.level_per_day, level) if own is None else own

    def hour_cap(self, per_day: int) -> int:
        """Return the most bulk mails in an hour of a day with this quota; 0 = no cap."""
        return 0 if self._hour_share >= 1 else math.ceil(per_day * self._hour_share)

    def day(self, now: int) -> str:
        """Return the calendar day "YYYY-MM-DD" of the service's zone."""
        return day_of(now, self._zone)

    def end_of_day(self, now: int) -> int:
        """Return the first instant of the next day in the service's zone."""
        begins_at, ends_at = self._day
        if not begins_at <= now < ends_at:
            self._day = day_range(day_of(now, self._zone), self._zone)
        return self._day[1]

    def end_of_hour(self, now: int) -> int:
        """Return the end of the clock hour, which a day's end may cut short."""
        return min(now - now % HOUR + HOUR, self.end_of_day(now))


def of_level(levels: Sequence[int], level: int) -> int:
    """Return the mails a day of a level from 1 up; 0 without a table."""
    return levels[min(level, len(levels)) - 1] if levels and level > 0 else 0
