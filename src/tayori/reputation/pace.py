"""How many mails of a bulk task may go now, and until when it must wait.

A task asks before each batch; the door counts what it then takes, exactly, in the transaction that
takes it. So an answer is a promise of nothing: another task may be faster, and the door's
`ExceedSendLimit` means to ask again.
"""

from dataclasses import dataclass
from enum import StrEnum

from tayori.db.database import Database
from tayori.refusal.refusal import Refusal
from tayori.reputation.model import Claim, Scope
from tayori.reputation.standing import Quotas, Standing, Standings
from tayori.reputation.standing_store import standings
from tayori.reputation.stops import stopped
from tayori.reputation.store import used
from tayori.runtime.clock import Clock


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


class Pace:
    """Answers for all domains; each answer is one read of the database."""

    def __init__(self, database: Database, clock: Clock, quotas: Quotas) -> None:
        self._database = database
        self._clock = clock
        self._quotas = quotas

    async def room(self, account_id: int, domain: str, wanted: int) -> Room:
        """Return how many of `wanted` bulk mails from a domain (A-labels) may go now."""
        now = self._clock.now()
        async with self._database.read() as transaction:
            found = await standings(transaction, [domain], [account_id])
            refusal = stopped(account_id, domain, found, now)
            if refusal is not None:
                return Room(amount=0, refusal=refusal)
            limits = _limits(self._quotas, account_id, domain, found, now)
            counted = await used(transaction, [claim for _, claim in limits])
        room = Room(amount=wanted)
        for (bound, claim), already in zip(limits, counted, strict=True):
            left = max(0, claim.limit - already)
            if left < room.amount or (left == room.amount and room.bound and left < wanted):
                room = Room(amount=left, bound=bound, again_at=claim.window_ends_at)
        return room


def _limits(
    quotas: Quotas, account_id: int, domain: str, found: Standings, now: int
) -> list[tuple[Bound, Claim]]:
    """Return the limits that hold, the shortest wait first."""
    own = found.overrides.get(account_id, {})
    standing = found.domains.get(domain) or Standing(level=1)
    per_day = quotas.domain_per_day(standing.level_at(now), own)
    day, hour = quotas.end_of_day(now), quotas.end_of_hour(now)
    account = quotas.account_per_day(own)
    limits = (
        (Bound.DOMAIN_HOUR, Scope.DOMAIN_HOUR, domain, quotas.hour_cap(per_day), hour),
        (Bound.DOMAIN_DAY, Scope.DOMAIN_DAY, domain, per_day, day),
        (Bound.ACCOUNT_DAY, Scope.ACCOUNT_DAY, str(account_id), account, day),
    )
    return [
        (bound, Claim(scope=scope, key=key, amount=0, limit=limit, window_ends_at=ends))
        for bound, scope, key, limit, ends in limits
        if limit
    ]
