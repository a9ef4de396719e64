"""The log of API calls in the database: written in batches, read by accounts, swept when it is old.

A row is one call whose signature was right: without that nobody knows whose call it was, so calls
that could not be authenticated are counted in the metrics and kept nowhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, insert, select

from tayori.db.database import Database
from tayori.db.statement import Statement
from tayori.db.tables.stats import api_access
from tayori.edge.api.access import AccessRecord

OK = "OK"
"""The code that is kept of a call that was not refused."""
SWEPT_AT_ONCE = 1_000
"""Rows that one transaction of the sweep deletes, so that no writer waits for long."""

_row = api_access.c
_INSERT = Statement(
    insert(api_access).values({c.name: bindparam(c.name) for c in _row if c.name != "id"})
)
_SWEEP = Statement(
    delete(api_access).where(
        _row.id.in_(
            select(_row.id)
            .where(_row.at < bindparam("before"))
            .order_by(_row.at)
            .limit(bindparam("most"))
        )
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One call. `at` is its arrival in milliseconds since the Unix epoch, `code` OK or an error."""

    at: int
    action: str
    secret_id: str
    source: str
    code: str
    request_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which calls of an account to read; "" and 0 mean all."""

    account_id: int
    since: int = 0
    action: str = ""
    code: str = ""
    limit: int = 100


class AccessStore:
    """All SQL of the log."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, records: Sequence[AccessRecord]) -> None:
        """Write authenticated calls in one transaction."""
        rows = [_stored(record) for record in records if record.account_id is not None]
        async with self._database.write() as transaction:
            await transaction.execute_many(_INSERT, rows)

    async def find(self, wanted: Filter) -> list[Entry]:
        """Return calls, the newest first."""
        conditions = [_row.account_id == bindparam("account"), _row.at >= bindparam("since")]
        if wanted.action:
            conditions.append(_row.action == bindparam("action"))
        if wanted.code:
            conditions.append(_row.code == bindparam("code"))
        # Made for each question: only people ask, and each set of filters has its own plan.
        statement = Statement(
            select(api_access)
            .where(*conditions)
            .order_by(_row.at.desc(), _row.id.desc())
            .limit(bindparam("most"))
        )
        values = {
            "account": wanted.account_id,
            "since": wanted.since,
            "action": wanted.action,
            "code": wanted.code,
            "most": wanted.limit,
        }
        async with self._database.read() as transaction:
            rows = await transaction.fetch(statement, values)
        names = Entry.__dataclass_fields__
        return [Entry(**{name: row[name] for name in names}) for row in rows]

    async def sweep(self, before: int) -> int:
        """Delete calls that came before an instant, a piece at a time; return how many."""
        total, swept = 0, SWEPT_AT_ONCE
        while swept == SWEPT_AT_ONCE:
            async with self._database.write() as transaction:
                swept = await transaction.execute(_SWEEP, {"before": before, "most": SWEPT_AT_ONCE})
            total += swept
        return total


def _stored(record: AccessRecord) -> dict[str, object]:
    return {
        "at": record.at,
        "account_id": record.account_id,
        "secret_id": record.secret_id,
        "action": record.action,
        "code": record.code or OK,
        "source": record.source,
        "request_id": record.request_id,
    }
