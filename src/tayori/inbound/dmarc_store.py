"""DMARC aggregate reports in the database, and their sums per domain."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import bindparam, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.sql import Select

from tayori.db.database import Database, Transaction
from tayori.db.statement import LIKE_ESCAPE, Statement, by_dialect, like_text
from tayori.db.tables.inbound import dmarc_report, dmarc_row
from tayori.db.tables.tenants import identity
from tayori.mail.dmarc_report import AggregateReport

_report, _row = dmarc_report.c, dmarc_row.c
_NEW: dict[str, Any] = {c.name: bindparam(c.name) for c in dmarc_report.c if c.name != "id"}
_ADD = Statement(
    by_dialect(
        sqlite=sqlite_insert(dmarc_report)
        .values(_NEW)
        .on_conflict_do_nothing()
        .returning(_report.id),
        postgresql=postgresql_insert(dmarc_report)
        .values(_NEW)
        .on_conflict_do_nothing()
        .returning(_report.id),
    )
)
_ADD_ROW = Statement(
    dmarc_row.insert().values({c.name: bindparam(c.name) for c in dmarc_row.c if c.name != "id"})
)
_IS_OURS = Statement(
    select(identity.c.id)
    .where(
        or_(
            identity.c.domain == bindparam("of_domain"),
            # A report on the main domain tells of mail from its sub-domains as well.
            identity.c.domain.like(bindparam("below"), escape=LIKE_ESCAPE),
        )
    )
    .limit(1)
)


def _sums(*columns: str) -> Select[tuple[object, ...]]:
    grouped = [dmarc_row.c[name] for name in columns]
    return (
        select(*grouped, func.sum(_row.mails).label("mails"))
        .select_from(dmarc_row.join(dmarc_report, _report.id == _row.report_id))
        .where(_report.domain == bindparam("of_domain"))
        .where(_report.ends_at >= bindparam("since"))
        .group_by(*grouped)
        .order_by(func.sum(_row.mails).desc(), *grouped)
        .limit(bindparam("most"))
    )


_SUMS = Statement(_sums("source", "header_from", "disposition", "dkim", "spf"))
_REPORTS = Statement(
    select(
        _report.organisation,
        func.count().label("reports"),
        func.max(_report.ends_at).label("latest"),
    )
    .where(_report.domain == bindparam("of_domain"))
    .where(_report.ends_at >= bindparam("since"))
    .group_by(_report.organisation)
    .order_by(_report.organisation)
)
_OLD = select(_report.id).where(_report.received_at < bindparam("before"))
_SWEEP_ROWS = Statement(delete(dmarc_row).where(_row.report_id.in_(_OLD)))
_SWEEP = Statement(delete(dmarc_report).where(_report.received_at < bindparam("before")))

KEPT_DAYS: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSum:
    """Mails of one source with one result, over all reports of the time."""

    source: str
    header_from: str
    disposition: str
    dkim: str
    spf: str
    mails: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporter:
    """Who reported how often, and up to when (milliseconds)."""

    organisation: str
    reports: int
    latest: int


async def keep_reports(
    transaction: Transaction, reports: Sequence[AggregateReport], now: int
) -> str:
    """Store reports on our customers' domains, each once; return what became of them."""
    notes = []
    for each in reports:
        below = f"%.{like_text(each.domain)}"
        ours = {"of_domain": each.domain, "below": below}
        if await transaction.fetch_one(_IS_OURS, ours) is None:
            notes.append(f"{each.domain} is no domain of ours.")
            continue
        row = await transaction.fetch_one(_ADD, _values(each, now))
        if row is None:
            notes.append(f"The report of {each.organisation} on {each.domain} is known.")
            continue
        rows = [
            {
                "report_id": row["id"],
                "source": one.source,
                "header_from": one.header_from,
                "disposition": one.disposition,
                "dkim": one.dkim,
                "spf": one.spf,
                "mails": one.mails,
            }
            for one in each.rows
        ]
        await transaction.execute_many(_ADD_ROW, rows)
        notes.append(f"{each.organisation} reports on {each.domain}: {len(rows)} rows.")
    return " ".join(notes)


def _values(report: AggregateReport, now: int) -> dict[str, object]:
    return {
        "domain": report.domain,
        "organisation": report.organisation,
        "report": report.report,
        "begins_at": report.begins_at,
        "ends_at": report.ends_at,
        "received_at": now,
        "policy": report.policy,
    }


class DmarcStore:
    """Reads what was reported."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def sums(self, domain: str, since: int, most: int) -> list[SourceSum]:
        """Return the mails by source and result in reports that end at `since` or later."""
        values = {"of_domain": domain, "since": since, "most": most}
        async with self._database.read() as transaction:
            rows = await transaction.fetch(_SUMS, values)
        return [
            SourceSum(
                source=row["source"],
                header_from=row["header_from"],
                disposition=row["disposition"],
                dkim=row["dkim"],
                spf=row["spf"],
                mails=int(row["mails"]),
            )
            for row in rows
        ]

    async def reporters(self, domain: str, since: int) -> list[Reporter]:
        """Return who reported."""
        values = {"of_domain": domain, "since": since}
        async with self._database.read() as transaction:
            rows = await transaction.fetch(_REPORTS, values)
        return [
            Reporter(organisation=row["organisation"], reports=row["reports"], latest=row["latest"])
            for row in rows
        ]

    async def sweep(self, before: int) -> None:
        """Forget reports that came before a time."""
        async with self._database.write() as transaction:
            await transaction.execute(_SWEEP_ROWS, {"before": before})
            await transaction.execute(_SWEEP, {"before": before})
