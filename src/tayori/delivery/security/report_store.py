"""All SQL of TLS reports: the counts of a day, and who sends which report.

A report is claimed before it is made, so that one of all processes sends it; what a dead process
claimed is due again by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import and_, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from tayori.db.database import Database
from tayori.db.statement import Statement, by_dialect
from tayori.db.tables.security import tls_report, tls_result
from tayori.delivery.security.model import ResultKey

_RESULT: dict[str, Any] = {column.name: bindparam(column.name) for column in tls_result.c}
_MORE: dict[str, Any] = {"count": tls_result.c["count"] + bindparam("count")}
_ADD = Statement(
    by_dialect(
        sqlite=sqlite.insert(tls_result)
        .values(_RESULT)
        .on_conflict_do_update(index_elements=["day", "domain", "key"], set_=_MORE),
        postgresql=postgresql.insert(tls_result)
        .values(_RESULT)
        .on_conflict_do_update(index_elements=["day", "domain", "key"], set_=_MORE),
    )
)
_OPEN = Statement(
    select(tls_result.c.day, tls_result.c.domain)
    .distinct()
    .select_from(
        tls_result.outerjoin(
            tls_report,
            and_(tls_report.c.day == tls_result.c.day, tls_report.c.domain == tls_result.c.domain),
        )
    )
    .where(tls_result.c.day < bindparam("today"))
    .where(
        tls_report.c.state.is_(None)
        | and_(tls_report.c.state == "sending", tls_report.c.due_at <= bindparam("now"))
    )
    .order_by(tls_result.c.day, tls_result.c.domain)
    .limit(bindparam("most"))
)
_CLAIM: dict[str, Any] = {
    "day": bindparam("day"),
    "domain": bindparam("domain"),
    "state": "sending",
    "tries": 1,
    "due_at": bindparam("until"),
    "detail": "",
}
_AGAIN: dict[str, Any] = {"tries": tls_report.c.tries + 1, "due_at": bindparam("until")}
_DUE = and_(tls_report.c.state == "sending", tls_report.c.due_at <= bindparam("now"))
_TAKE = Statement(
    by_dialect(
        sqlite=sqlite.insert(tls_report)
        .values(_CLAIM)
        .on_conflict_do_update(index_elements=["day", "domain"], set_=_AGAIN, where=_DUE)
        .returning(tls_report.c.tries),
        postgresql=postgresql.insert(tls_report)
        .values(_CLAIM)
        .on_conflict_do_update(index_elements=["day", "domain"], set_=_AGAIN, where=_DUE)
        .returning(tls_report.c.tries),
    )
)
_OF_DAY = Statement(
    select(tls_result.c.key, tls_result.c["count"])
    .where(tls_result.c.day == bindparam("of_day"))
    .where(tls_result.c.domain == bindparam("of_domain"))
    .order_by(tls_result.c.key)
)
_SETTLE = Statement(
    update(tls_report)
    .where(tls_report.c.day == bindparam("of_day"))
    .where(tls_report.c.domain == bindparam("of_domain"))
    .values(
        state=bindparam("to_state"), due_at=bindparam("to_due_at"), detail=bindparam("to_detail")
    )
)
_LATEST = Statement(
    select(tls_report)
    .order_by(tls_report.c.day.desc(), tls_report.c.domain)
    .limit(bindparam("most"))
)
_FORGET_RESULTS = Statement(delete(tls_result).where(tls_result.c.day < bindparam("before")))
_FORGET_REPORTS = Statement(delete(tls_report).where(tls_report.c.day < bindparam("before")))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportState:
    """One report: `state` is sending, sent or failed; `due_at` when it is tried again."""

    day: str
    domain: str
    state: str
    tries: int
    due_at: int
    detail: str


class ReportStore:
    """The tables."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, counts: Mapping[tuple[str, str, ResultKey], int]) -> None:
        """Add counts by day, domain and key."""
        rows = [
            {"day": day, "domain": domain, "key": _text(key), "count": count}
            for (day, domain, key), count in counts.items()
        ]
        # In one order everywhere, so that two processes never wait for each other.
        rows.sort(key=lambda row: (str(row["day"]), str(row["domain"]), str(row["key"])))
        if rows:
            async with self._database.write() as transaction:
                await transaction.execute_many(_ADD, rows)

    async def open_reports(self, today: str, now: int, most: int) -> list[tuple[str, str]]:
        """Return days before today and domains whose report nobody has sent or is sending."""
        values = {"today": today, "now": now, "most": most}
        async with self._database.read() as transaction:
            return [(row["day"], row["domain"]) for row in await transaction.fetch(_OPEN, values)]

    async def take(self, day: str, domain: str, now: int, until: int) -> int:
        """Claim a report until an instant; return the number of this try, 0 when it is taken."""
        values = {"day": day, "domain": domain, "now": now, "until": until}
        async with self._database.write() as transaction:
            row = await transaction.fetch_one(_TAKE, values)
        return int(row["tries"]) if row is not None else 0

    async def of_day(self, day: str, domain: str) -> list[tuple[bytes, int]]:
        """Return the keys, as JSON, and counts of a day."""
        values = {"of_day": day, "of_domain": domain}
        async with self._database.read() as transaction:
            rows = await transaction.fetch(_OF_DAY, values)
        return [(row["key"].encode(), row["count"]) for row in rows]

    async def settle(self, state: ReportState) -> None:
        """Write what became of a report that was claimed."""
        values = {
            "of_day": state.day,
            "of_domain": state.domain,
            "to_state": state.state,
            "to_due_at": state.due_at,
            "to_detail": state.detail[:500],
        }
        async with self._database.write() as transaction:
            await transaction.execute(_SETTLE, values)

    async def latest(self, most: int) -> list[ReportState]:
        """Return the last reports, newest day first."""
        async with self._database.read() as transaction:
            rows = await transaction.fetch(_LATEST, {"most": most})
        return [ReportState(**{c.name: row[c.name] for c in tls_report.c}) for row in rows]

    async def forget(self, before: str) -> None:
        """Forget days before this one."""
        async with self._database.write() as transaction:
            await transaction.execute(_FORGET_RESULTS, {"before": before})
            await transaction.execute(_FORGET_REPORTS, {"before": before})


def _text(key: ResultKey) -> str:
    return msgspec.json.encode(key).decode()
