"""How much room there is under the limits of a day and an hour (pure).

Pace asks with the counts of the database, the planner with its own on a clock of its own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from tayori.refusal.refusal import Refusal
from tayori.reputation.model import Claim, Scope
from tayori.reputation.provider_caps import ProviderCaps
from tayori.reputation.standing import Quotas


class Bound(StrEnum):
    """The limit that is nearest."""

    NONE = ""
    ACCOUNT_DAY = "account_day"
    """The account's mails of the day."""
    DOMAIN_DAY = "domain_day"
    """The domain's mails of the day, by its level."""
    DOMAIN_HOUR = "domain_hour"
    """The part of the day's mails that an hour may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """So many mails may go now, up to the number that was asked for.

    When it is less than that, `bound` names the limit and `again_at` says when there may be more.
    With `refusal` nothing may go however long one waits (blocked, level 0, suspended): bulk mails
    that are still unsent fail with it.
    """

    amount: int
    bound: Bound = Bound.NONE
    again_at: int = 0
    refusal: Refusal | None = None
    caps: ProviderCaps | None = None
    """How many of the mails may go to whom; None where hours have no cap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A limit in the window that an instant lies in."""

    bound: Bound
    scope: Scope
    key: str
    limit: int
    ends_at: int

    def claim(self, amount: int = 0) -> Claim:
        """Return the wish to count so many mails in it."""
        return Claim(
            scope=self.scope,
            key=self.key,
            amount=amount,
            limit=self.limit,
            window_ends_at=self.ends_at,
        )


def windows(
    quotas: Quotas,
    whose: tuple[int, str],
    level: int,
    overrides: Mapping[str, int],
    now: int,
) -> Iterator[Window]:
    """Return the limits of bulk mail of an account's domain, the shortest wait first."""
    account_id, domain = whose
    per_day = quotas.domain_per_day(level, overrides)
    day, hour = quotas.end_of_day(now), quotas.end_of_hour(now)
    of_account = quotas.account_per_day(overrides)
    for bound, scope, key, limit, ends_at in (
        (Bound.DOMAIN_HOUR, Scope.DOMAIN_HOUR, domain, quotas.hour_cap(per_day), hour),
        (Bound.DOMAIN_DAY, Scope.DOMAIN_DAY, domain, per_day, day),
        (Bound.ACCOUNT_DAY, Scope.ACCOUNT_DAY, str(account_id), of_account, day),
    ):
        if limit:
            yield Window(bound=bound, scope=scope, key=key, limit=limit, ends_at=ends_at)


def room_in(used: Mapping[Window, int], wanted: int) -> Room:
    """Return how many of `wanted` mails fit into all windows, of which so much is used."""
    room = Room(amount=wanted)
    for window, already in used.items():
        left = max(0, window.limit - already)
        # Of limits that leave equally little, the one with the longest wait is what holds.
        if left < room.amount or (left == room.amount < wanted):
            room = Room(amount=left, bound=window.bound, again_at=window.ends_at)
    return room
