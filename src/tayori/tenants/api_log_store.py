"""The log of API calls in the database: written in batches, read by accounts, swept when it is old.

A row is one call whose signature was right: without that nobody knows whose call it was, so calls
that could not be authenticated are counted in the metrics and kept nowhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, bindparam, delete, insert, or_, select

from tayori.db.database import Database, Row
from tayori.db.statement import Statement
from tayori.db.tables.stats import api_access
from tayori.tenants.api_log import AccessRecord

OK = "OK"
"""The code that is kept of a call that was not refused."""
SWEPT_AT_ONCE = 1_000
"""Rows that one transaction of the sweep deletes, so that no writer waits for long."""
LOOKED = 20_000
"""Calls that a page looks at for those that its filters mean."""
ENDLESS = 2**62

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

_NEWEST_FIRST = (_row.at.desc(), _row.id.desc())


def _of_account() -> ColumnElement[bool]:
    """Return the range of the index: calls of an account since an instant, behind a place."""
    return and_(
        _row.account_id == bindparam("account"),
        _row.at >= bindparam("since"),
        _row.at <= bindparam("behind_at"),
        or_(_row.at < bindparam("behind_at"), _row.id < bindparam("behind_id")),
    )


_END = Statement(
    select(_row.at, _row.id)
    .where(_of_account())
    .order_by(*_NEWEST_FIRST)
    .limit(1)
    .offset(bindparam("skipped"))
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
    id: int = field(default=0, compare=False)


class Mark(NamedTuple):
    """A place in the log, newest first: what comes behind it is older."""

    at: int
    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which calls of an account to read; "" and 0 mean all, None the newest ones."""

    account_id: int
    since: int = 0
    until: int = ENDLESS
    """Only calls before this instant."""
    action: str = ""
    code: str = ""
    limit: int = 100
    behind: Mark | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A part of the log. `next` is where the rest begins, None at its end.

    Among very many calls a rare one may be far: then a part has few entries, or none, and a `next`.
    """

    entries: tuple[Entry, ...]
    next: Mark | None


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
        """Return calls, the newest first, however far they have to be looked for."""
        behind = wanted.behind or Mark(wanted.until, 0)
        conditions, values = _chosen(wanted, behind)
        # Made for each question: only people ask, and each set of filters has its own plan.
        statement = Statement(
            select(api_access)
            .where(_of_account(), *conditions)
            .order_by(*_NEWEST_FIRST)
            .limit(bindparam("most"))
        )
        async with self._database.read() as transaction:
            rows = await transaction.fetch(statement, values | {"most": wanted.limit})
        return [_entry(row) for row in rows]

    async def page(self, wanted: Filter, *, looked: int = LOOKED) -> Found:
        """Return calls, the newest first; only so many are looked at, whatever the filters."""
        behind = wanted.behind or Mark(wanted.until, 0)
        conditions, values = _chosen(wanted, behind)
        walked = (
            select(_row.id).where(_of_account()).order_by(*_NEWEST_FIRST).limit(bindparam("looked"))
        )
        statement = Statement(
            select(api_access)
            .where(_row.id.in_(walked), *conditions)
            .order_by(*_NEWEST_FIRST)
            .limit(bindparam("most"))
        )
        values |= {"most": wanted.limit + 1, "looked": looked}
        async with self._database.read() as transaction:
            rows = await transaction.fetch(statement, values)
            end = await transaction.fetch_one(_END, values | {"skipped": looked - 1})
        entries = tuple(_entry(row) for row in rows[: wanted.limit])
        if len(rows) > wanted.limit:
            return Found(entries=entries, next=Mark(entries[-1].at, entries[-1].id))
        return Found(entries=entries, next=Mark(end["at"], end["id"]) if end else None)

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


def _chosen(wanted: Filter, behind: Mark) -> tuple[list[ColumnElement[bool]], dict[str, object]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.action:
        conditions.append(_row.action == bindparam("action"))
    if wanted.code:
        conditions.append(_row.code == bindparam("code"))
    values: dict[str, object] = {
        "account": wanted.account_id,
        "since": wanted.since,
        "behind_at": behind.at,
        "behind_id": behind.id,
        "action": wanted.action,
        "code": wanted.code,
    }
    return conditions, values


def _entry(row: Row) -> Entry:
    return Entry(**{name: row[name] for name in Entry.__dataclass_fields__})
