"""Counts limits exactly, inside the door's transaction, whatever number of processes asks.

The rows of a batch are locked in one order (PostgreSQL) or under the only writer's lock (SQLite),
so a limit is never exceeded, and a claim that is refused counts nothing.
"""

from collections.abc import Callable, Sequence

from sqlalchemy import bindparam, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from tayori.db.database import Transaction
from tayori.db.statement import Statement, among, by_dialect
from tayori.db.tables.reputation import quota
from tayori.reputation.model import CALENDAR, Claim
from tayori.runtime.clock import DAY

_ROW = {
    "scope": bindparam("scope"),
    "key": bindparam("key"),
    "window_ends_at": bindparam("ends"),
    "used": 0,
}
_ENSURE = Statement(
    by_dialect(
        sqlite=sqlite.insert(quota).values(_ROW).on_conflict_do_nothing(),
        postgresql=postgresql.insert(quota).values(_ROW).on_conflict_do_nothing(),
    )
)
_LOCK = Statement(
    select(quota)
    .where(among(quota.c.scope, "scopes"))
    .where(among(quota.c.key, "keys"))
    .order_by(quota.c.scope, quota.c.key)
    .with_for_update()
)
_STORE = Statement(
    update(quota)
    .where(quota.c.scope == bindparam("of_scope"))
    .where(quota.c.key == bindparam("of_key"))
    .values(used=bindparam("now_used"), window_ends_at=bindparam("now_ends"))
)
_USED = Statement(
    select(quota.c.scope, quota.c.key, quota.c.used)
    .where(among(quota.c.scope, "scopes"))
    .where(among(quota.c.key, "keys"))
)
_SWEEP = Statement(
    delete(quota)
    .where(quota.c.window_ends_at <= bindparam("now"))
    .where(
        or_(
            ~among(quota.c.scope, "calendar"),
            quota.c.window_ends_at <= bindparam("long_ago"),
        )
    )
)
KEPT_MS = 2 * DAY
"""How long the counts of a calendar window outlive it, for the case that the clock is set back."""


class _Counter:
    """One row while the batch is counted."""

    def __init__(self, ends_at: int, used: int) -> None:
        self.ends_at = ends_at
        self.used = used
        self.changed = False

    def fits(self, claim: Claim, now: int) -> bool:
        used = 0 if self._is_over(claim, now) else self.used
        return used + claim.amount <= claim.limit

    def count(self, claim: Claim, now: int) -> None:
        if self._is_over(claim, now):
            self.ends_at, self.used = claim.window_ends_at, 0
        elif claim.scope not in CALENDAR:
            # A clock that was set back must not leave a window open beyond its length.
            self.ends_at = min(self.ends_at, claim.window_ends_at)
        self.used += claim.amount
        if claim.shut_until and self.used >= claim.limit:
            self.ends_at = claim.shut_until
        self.changed = True

    def _is_over(self, claim: Claim, now: int) -> bool:
        return claim.scope not in CALENDAR and self.ends_at <= now


async def count(
    transaction: Transaction,
    wishes: Sequence[Sequence[Claim]],
    now: int,
    agrees: Callable[[int], bool] = lambda _place: True,
) -> list[Claim | None]:
    """Count each wish wholly or not at all, in order; the answer names the claim that did not fit.

    A wish is all claims of one message. None means that it was counted, unless `agrees`, which is
    asked of each wish that fits by its place, said no: then it counts nothing.
    """
    limited = [[claim for claim in wish if claim.limit > 0] for wish in wishes]
    counters = await _counters(transaction, [claim for wish in limited for claim in wish])
    answers: list[Claim | None] = []
    for place, wish in enumerate(limited):
        # Two claims of one wish may meet in one counter, so each is tried on what the others took.
        taken: list[tuple[_Counter, int, int]] = []
        refused = None
        for claim in wish:
            counter = counters[claim.counter]
            if not counter.fits(claim, now):
                refused = claim
                break
            taken.append((counter, counter.ends_at, counter.used))
            counter.count(claim, now)
        if refused is not None or not agrees(place):
            for counter, ends_at, used in reversed(taken):
                counter.ends_at, counter.used = ends_at, used
        answers.append(refused)
    await _save(transaction, counters)
    return answers


async def _counters(
    transaction: Transaction, claims: Sequence[Claim]
) -> dict[tuple[str, str], _Counter]:
    rows = {claim.counter: claim.window_ends_at for claim in claims}
    if not rows:
        return {}
    ordered = sorted(rows)
    await transaction.execute_many(
        _ENSURE, [{"scope": s, "key": k, "ends": rows[s, k]} for s, k in ordered]
    )
    # The scopes are named for the sake of the index; what was not asked for is left aside below.
    among_rows = {
        "scopes": sorted({s for s, _ in ordered}),
        "keys": sorted({k for _, k in ordered}),
    }
    found = await transaction.fetch(_LOCK, among_rows)
    return {
        (row["scope"], row["key"]): _Counter(row["window_ends_at"], row["used"])
        for row in found
        if (row["scope"], row["key"]) in rows
    }


async def _save(transaction: Transaction, counters: dict[tuple[str, str], _Counter]) -> None:
    await transaction.execute_many(
        _STORE,
        [
            {"of_scope": s, "of_key": k, "now_used": c.used, "now_ends": c.ends_at}
            for (s, k), c in sorted(counters.items())
            if c.changed
        ],
    )


async def used(transaction: Transaction, claims: Sequence[Claim]) -> list[int]:
    """Return what is counted already in the calendar window of each claim; nothing is locked."""
    counters = [claim.counter for claim in claims]
    values = {"scopes": sorted({s for s, _ in counters}), "keys": sorted({k for _, k in counters})}
    rows = await transaction.fetch(_USED, values)
    found = {(row["scope"], row["key"]): int(row["used"]) for row in rows}
    return [found.get(counter, 0) for counter in counters]


async def sweep(transaction: Transaction, now: int) -> int:
    """Forget counters whose window is over (calendar ones later); return how many."""
    calendar = sorted(scope.value for scope in CALENDAR)
    values = {"now": now, "long_ago": now - KEPT_MS, "calendar": calendar}
    return await transaction.execute(_SWEEP, values)
