"""Counts what sources that warm up send, exactly, whatever number of processes asks.

Whoever wants to send takes permits first, in one transaction for all that ask at that moment; the
sum of what was granted never exceeds a cap. A permit whose mail is put back unsent is not returned:
a cap may be missed by a few, never exceeded. DatabaseBusyError grants nothing.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import tzinfo

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from tayori.db.database import Database, Row, Transaction
from tayori.db.group import GroupCommit
from tayori.db.statement import Statement, among, by_dialect
from tayori.db.tables.reputation import warmup
from tayori.reputation.warmup import Progress, Table, advanced
from tayori.runtime.clock import Clock, day_of, day_range

_FIELDS = tuple(Progress.__dataclass_fields__)
_NEW = {
    "source": bindparam("source"),
    "provider": bindparam("provider"),
    **dict.fromkeys(_FIELDS, 0),
}
_ENSURE = Statement(
    by_dialect(
        sqlite=sqlite.insert(warmup).values(_NEW).on_conflict_do_nothing(),
        postgresql=postgresql.insert(warmup).values(_NEW).on_conflict_do_nothing(),
    )
)
_LOCK = Statement(
    select(warmup)
    .where(among(warmup.c.source, "sources"))
    .order_by(warmup.c.source, warmup.c.provider)
    .with_for_update()
)
_STORE = Statement(
    update(warmup)
    .where(warmup.c.source == bindparam("of_source"))
    .where(warmup.c.provider == bindparam("of_provider"))
    .values({name: bindparam(f"now_{name}") for name in _FIELDS})
)
_ALL = Statement(select(warmup).order_by(warmup.c.source, warmup.c.provider))

_Key = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A wish of a source to send so many mails to a provider; `refused` were, for reputation."""

    source: str
    provider: str
    amount: int
    refused: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """So many may go. There may be more at `again_at`; no caps hold until `warm_until`, 0 = now."""

    amount: int
    again_at: int = 0
    hour_cap: int = 0
    warm_until: int = 0


class WarmupStore:
    """Grants mails to sources; every process that shares the database shares the caps."""

    def __init__(self, database: Database, clock: Clock, table: Table, zone: tzinfo) -> None:
        self._database = database
        self._clock = clock
        self.table = table
        self._zone = zone
        self._group: GroupCommit[Wish, Grant] = GroupCommit(self._take)

    async def take(self, wish: Wish) -> Grant:
        """Return what is granted of a wish, counted and committed."""
        return await self._group.put(wish)

    async def all(self) -> dict[tuple[str, str], Progress]:
        """Return the progress of every (source, provider) that sent something, as it is now."""
        async with self._database.read() as transaction:
            rows = await transaction.fetch(_ALL)
        return {(row["source"], row["provider"]): self._now(row) for row in rows}

    async def _take(self, wishes: Sequence[Wish]) -> Sequence[Grant]:
        async with self._database.write() as transaction:
            kept = await self._locked(transaction, wishes)
            grants = [self._grant(kept, wish) for wish in wishes]
            await transaction.execute_many(
                _STORE,
                [
                    {"of_source": source, "of_provider": provider}
                    | {f"now_{name}": value for name, value in asdict(progress).items()}
                    for (source, provider), progress in sorted(kept.items())
                ],
            )
        return grants

    async def _locked(
        self, transaction: Transaction, wishes: Sequence[Wish]
    ) -> dict[_Key, Progress]:
        keys = sorted({(wish.source, wish.provider) for wish in wishes})
        await transaction.execute_many(_ENSURE, [{"source": s, "provider": p} for s, p in keys])
        rows = await transaction.fetch(_LOCK, {"sources": sorted({source for source, _ in keys})})
        # The time counts from here: the wait for the lock may have ended an hour.
        return {
            (row["source"], row["provider"]): self._now(row)
            for row in rows
            if (row["source"], row["provider"]) in keys
        }

    def _now(self, row: Row) -> Progress:
        known = Progress(**{name: row[name] for name in _FIELDS}) if row["step"] else None
        now = self._clock.now()
        _, day_ends_at = day_range(day_of(now, self._zone), self._zone)
        return advanced(known, self.table, self.table.curve(row["provider"]), now, day_ends_at)

    def _grant(self, kept: dict[_Key, Progress], wish: Wish) -> Grant:
        key = (wish.source, wish.provider)
        progress = kept[key]
        curve = self.table.curve(wish.provider)
        warm = curve.is_warm(progress.step)
        amount = wish.amount if warm else min(wish.amount, progress.left(curve))
        counted = progress.counting(amount, wish.refused, self._clock.now())
        kept[key] = counted
        if warm:
            return Grant(amount=amount, warm_until=counted.day_ends_at)
        return Grant(
            amount=amount,
            again_at=counted.again_at(curve),
            hour_cap=curve.hour_cap(counted.step),
        )
