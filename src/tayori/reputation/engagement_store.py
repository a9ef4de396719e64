"""Who read an account's mail, and when last: openings and clicks, machines left out.

It is kept by the reader of the event feed, in the transaction that moves its cursor, under a hash
of the address; whoever read nothing for a year is forgotten.
"""

from collections.abc import Collection, Iterable
from typing import Any, Final

from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from tayori.db.database import Database, Transaction
from tayori.db.statement import Statement, among, by_dialect
from tayori.db.tables.reputation import engagement
from tayori.reputation.figures import Fate, address_number, fate
from tayori.reputation.level_model import Fact
from tayori.runtime.clock import DAY

KEPT_MS: Final = 365 * DAY
_one = engagement.c


def _note(build: Any, largest: Any) -> Any:
    row = build(engagement).values({column.name: bindparam(column.name) for column in _one})
    return row.on_conflict_do_update(
        index_elements=["account_id", "address"], set_={"at": largest(_one.at, row.excluded.at)}
    )


_NOTE = Statement(
    by_dialect(
        sqlite=_note(sqlite_insert, func.max), postgresql=_note(postgresql_insert, func.greatest)
    )
)
ENGAGED = Statement(
    select(_one.address)
    .where(_one.account_id == bindparam("of_account"))
    .where(among(_one.address, "addresses"))
    .where(_one.at >= bindparam("since"))
)
ANY = Statement(select(_one.address).where(_one.account_id == bindparam("of_account")).limit(1))
FORGET = Statement(delete(engagement).where(_one.at < bindparam("before")))


async def note(transaction: Transaction, facts: Iterable[Fact]) -> None:
    """Remember who read something."""
    found: dict[tuple[int, int], int] = {}
    for fact in facts:
        if Fate.OPENED in fate(fact.kind, fact.data):
            key = (fact.account_id, address_number(fact.address))
            found[key] = max(fact.at, found.get(key, 0))
    rows = [
        {"account_id": account_id, "address": address, "at": at}
        for (account_id, address), at in sorted(found.items())
    ]
    await transaction.execute_many(_NOTE, rows)


async def forget(transaction: Transaction, now: int) -> None:
    """Forget those who read nothing for a year."""
    await transaction.execute(FORGET, {"before": now - KEPT_MS})


class EngagementStore:
    """Answers for bulk tasks of all accounts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def is_known(self, account_id: int) -> bool:
        """Tell whether anybody is known to have read mail of an account."""
        async with self._database.read() as transaction:
            return await transaction.fetch_one(ANY, {"of_account": account_id}) is not None

    async def engaged(
        self, account_id: int, addresses: Collection[str], since: int
    ) -> frozenset[str]:
        """Return those addresses whose owners read mail of an account since then."""
        numbers = {address_number(address): address for address in addresses}
        values = {"of_account": account_id, "since": since, "addresses": sorted(numbers)}
        async with self._database.read() as transaction:
            rows = await transaction.fetch(ENGAGED, values)
        found = {row["address"] for row in rows}
        return frozenset(one for one in addresses if address_number(one) in found)
