"""Failed log-ins in the database, so that all processes slow a guesser down together.

They are counted limits whose window ends an hour after the last failure; the sweep of those takes
them away. Only a password that has to be verified costs a transaction, which is little beside the
verification itself.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import bindparam, case, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from tayori.db.database import Database
from tayori.db.statement import Statement, by_dialect
from tayori.db.tables.reputation import quota
from tayori.reputation.backoff import REMEMBERED_MS, Failures
from tayori.reputation.model import Scope
from tayori.runtime.clock import Clock

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
_THIS = (quota.c.scope == bindparam("of_scope"), quota.c.key == bindparam("of_key"))
_LOCK = Statement(select(quota).where(*_THIS).with_for_update())
_CHARGE = Statement(
    update(quota)
    .where(*_THIS)
    .values(
        used=case((quota.c.window_ends_at <= bindparam("now"), 1), else_=quota.c.used + 1),
        window_ends_at=bindparam("now_ends"),
    )
)
_REFUND = Statement(
    update(quota).where(*_THIS).where(quota.c.used > 0).values(used=quota.c.used - 1)
)
_FORGIVE = Statement(delete(quota).where(*_THIS))

Key = tuple[Scope, str]


class BackoffStore:
    """Failures of user names and clients; `free` tells how many of each kind cost no wait."""

    def __init__(self, database: Database, clock: Clock, free: Mapping[Scope, int]) -> None:
        self._database = database
        self._clock = clock
        self._free = free

    async def attempt(self, keys: Sequence[Key]) -> int:
        """Charge an attempt to each key, or return for how many ms it may not be made.

        Attempts are charged before they are judged, so that many at once count. A wait charges
        nothing. Raises DatabaseBusyError.
        """
        ordered = sorted(keys)
        async with self._database.write() as transaction:
            now = self._clock.now()
            await transaction.execute_many(
                _ENSURE, [{"scope": s.value, "key": k, "ends": now} for s, k in ordered]
            )
            waits = []
            for scope, key in ordered:
                row = await transaction.fetch_one(_LOCK, {"of_scope": scope.value, "of_key": key})
                if row is not None and row["window_ends_at"] > now:
                    failures = Failures(row["used"], row["window_ends_at"] - REMEMBERED_MS)
                    waits.append(failures.wait_ms(self._free[scope], now))
            wait = max(waits, default=0)
            if not wait:
                ends = now + REMEMBERED_MS
                await transaction.execute_many(
                    _CHARGE, [{**_of(key), "now": now, "now_ends": ends} for key in ordered]
                )
        return wait

    async def succeeded(self, *, forgiven: Key, refunded: Key) -> None:
        """Forget all failures of one key, and take the last charge of the other back."""
        async with self._database.write() as transaction:
            # In the order in which `attempt` locks, so that two never wait for each other.
            steps = sorted(((forgiven, _FORGIVE), (refunded, _REFUND)), key=lambda step: step[0])
            for key, statement in steps:
                await transaction.execute_many(statement, [_of(key)])


def _of(key: Key) -> dict[str, str]:
    return {"of_scope": key[0].value, "of_key": key[1]}
