"""So many calls a second and key, exact over all processes, without a transaction for each call.

A process leases permits of the current second from the database. The first calls of a second come
with some permits to spare, which later calls use for nothing; the spare ones become fewer and then
none as the limit comes near, so that no process sits on what another needs. Leased permits lapse
with their second. So the limit is never exceeded, and is reached when all processes ask for it.
When the database cannot be asked, DatabaseBusyError is raised and nothing is granted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tayori.db.database import Database
from tayori.db.group import GroupCommit
from tayori.reputation.model import Claim, Scope
from tayori.reputation.store import count
from tayori.runtime.clock import SECOND, Clock

_SPARES: Final = ((8, 8), (64, 15))
"""What a key is lent at a time: this share of its limit, up to so many sixteenths of the limit."""


@dataclass(slots=True)
class _Lease:
    """What this process knows of a key in one second: permits left, or that all are gone."""

    ends_at: int
    left: int = 0
    full: bool = False


@dataclass(frozen=True, slots=True)
class _Wish:
    key: str
    limit: int


class Permits:
    """Grants calls; every process that shares the database shares the limits.

    Leases of seconds that are over are forgotten once there are more than `most` of them.
    """

    def __init__(
        self, database: Database, clock: Clock, scope: Scope, *, most: int = 10_000
    ) -> None:
        self._database = database
        self._clock = clock
        self._scope = scope
        self._most = most
        self._leases: dict[str, _Lease] = {}
        self._group: GroupCommit[_Wish, bool] = GroupCommit(self._lease)

    async def take(self, key: str, limit: int) -> bool:
        """Tell whether one more call may be made in this second; a limit of 0 is no limit."""
        if limit == 0:
            return True
        known = self._known(key, self._clock.now())
        return await self._group.put(_Wish(key, limit)) if known is None else known

    async def drain(self) -> None:
        """Return when no transaction is under way."""
        await self._group.drain()

    def _known(self, key: str, now: int) -> bool | None:
        """Answer from the lease that is held, or None when only the database knows."""
        lease = self._leases.get(key)
        if lease is None or not now < lease.ends_at <= now + SECOND:
            return None
        if lease.left > 0:
            lease.left -= 1
            return True
        return False if lease.full else None

    async def _lease(self, wishes: Sequence[_Wish]) -> Sequence[bool]:
        async with self._database.write() as transaction:
            # The time counts from here: waiting for the writer's lock may have ended a second.
            now = self._clock.now()
            answers = [self._known(wish.key, now) for wish in wishes]
            asking = [wish for wish, known in zip(wishes, answers, strict=True) if known is None]
            ends_at = now - now % SECOND + SECOND
            claims = self._claims(asking, ends_at)
            counted = [refused is None for refused in await count(transaction, claims, now)]
        self._keep(asking, claims, counted, ends_at)
        granted = iter(counted)
        return [next(granted) if known is None else known for known in answers]

    def _claims(self, asking: Sequence[_Wish], ends_at: int) -> list[list[Claim]]:
        """Return one claim for each call and, behind them all, those of spare permits."""
        return [
            *([self._claim(wish.key, 1, wish.limit, ends_at)] for wish in asking),
            *(
                [self._claim(wish.key, wish.limit // share, wish.limit * most // 16, ends_at)]
                for wish in dict.fromkeys(asking)
                for share, most in _SPARES
                if wish.limit >= share
            ),
        ]

    def _keep(
        self,
        asked: Sequence[_Wish],
        claims: Sequence[Sequence[Claim]],
        counted: Sequence[bool],
        ends_at: int,
    ) -> None:
        """Remember what was leased, and which limits are reached."""
        if len(self._leases) > self._most:
            now = self._clock.now()
            self._leases = {k: lease for k, lease in self._leases.items() if lease.ends_at > now}
        for number, ((claim,), yes) in enumerate(zip(claims, counted, strict=True)):
            lease = self._leases.get(claim.key)
            if lease is None or lease.ends_at != ends_at:
                lease = self._leases[claim.key] = _Lease(ends_at)
            if number < len(asked):
                lease.full = lease.full or not yes
            elif yes:
                lease.left += claim.amount

    def _claim(self, key: str, amount: int, limit: int, ends_at: int) -> Claim:
        return Claim(scope=self._scope, key=key, amount=amount, limit=limit, window_ends_at=ends_at)
