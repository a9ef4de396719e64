"""Reads the event feed into the figures of domains, and judges the days that changed.

Cursor, figures, decisions and levels move in one transaction or not at all: killed at any point, a
batch has counted wholly or not at all.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

import msgspec

from tayori.db.database import Database, Row, Transaction
from tayori.events.feed_store import advance, position
from tayori.events.model import EventKind
from tayori.reputation import engagement_store as engagement
from tayori.reputation import level_statements as sql
from tayori.reputation.counting import DomainDay, Known, Tally, merged, tally
from tayori.reputation.figures import Fate
from tayori.reputation.judging_store import Bench, judge
from tayori.reputation.level_model import Batch, Fact
from tayori.reputation.provider_store import learn
from tayori.runtime.clock import day_of
from tayori.runtime.crash import Point, reach

READER: Final = "reputation"
"""The name of the cursor."""
JUDGED_DAYS: Final = 4
"""Days for which late events still count; recipients are remembered as long."""
KEPT_DAYS: Final = 90
FORGET_AT_ONCE: Final = 5_000
_TELLING = frozenset(
    {
        EventKind.DELIVERED,
        EventKind.BOUNCE,
        EventKind.DEFERRED,
        EventKind.OPEN,
        EventKind.CLICK,
        EventKind.SPAMREPORT,
    }
)


class FigureStore:
    """The figures of all domains; what goes to the domain `simulator` tells nothing."""

    def __init__(self, database: Database, bench: Bench, *, simulator: str = "") -> None:
        self._simulated = f"@{simulator}" if simulator else None
        self._database = database
        self._bench = bench

    async def next_batch(self, until: int, most: int) -> Batch | None:
        """Return up to `most` events behind the cursor and not beyond `until`; None without any."""
        async with self._database.read() as transaction:
            was = await position(transaction, READER)
            rows = await transaction.fetch(sql.FACTS, {"after": was, "until": until, "most": most})
        if not rows:
            return None
        facts = tuple(
            _fact(row)
            for row in rows
            if _tells(row) and not (self._simulated and row["address"].endswith(self._simulated))
        )
        return Batch(was=was, becomes=rows[-1]["id"], read=len(rows), facts=facts)

    async def add(self, batch: Batch, now: int) -> bool:
        """Count a batch, judge the days it is about, move the cursor; False: somebody else did."""
        told = tally(batch.facts, self._bench.zone, self._day(now, JUDGED_DAYS))
        async with self._database.write() as transaction:
            moved = await advance(transaction, READER, batch.was, batch.becomes)
            if moved:
                # Domains before their days, as everybody locks them: nobody waits in a circle.
                domains = sorted({day.identity_id for day in told})
                await transaction.fetch(sql.LOCK_IDENTITIES, {"identities": domains})
                await self._count(transaction, told)
                await engagement.note(transaction, batch.facts)
                await learn(transaction, batch.facts)
                await judge(transaction, self._bench, told.keys(), now)
            reach(Point.REPUTATION_BEFORE_COMMIT)
        reach(Point.REPUTATION_AFTER_COMMIT)
        return moved

    async def close_days(self, now: int, most: int) -> int:
        """Judge up to `most` days that are over; return how many there were."""
        today = day_of(now, self._bench.zone)
        async with self._database.write() as transaction:
            rows = await transaction.fetch(sql.OPEN_DAYS, {"today": today, "most": most})
            days = {DomainDay(row["identity_id"], row["day"]) for row in rows}
            if days:
                await judge(transaction, self._bench, days, now, closed=True)
                await transaction.execute(sql.CLOSE_OTHERS, {"today": today})
        return len(days)

    async def forget(self, now: int) -> bool:
        """Forget some recipients and days that nothing depends on; False when none are left."""
        before = date.fromisoformat(self._day(now, JUDGED_DAYS)).toordinal()
        async with self._database.write() as transaction:
            await engagement.forget(transaction, now)
            await transaction.execute(sql.FORGET_DAYS, {"before": self._day(now, KEPT_DAYS)})
            row = await transaction.fetch_one(sql.OLD_CONTACTS, {"before": before})
            if row is None:
                return False
            day = {"of_identity": row["identity_id"], "of_day": row["day"]}
            edge = await transaction.fetch_one(sql.EDGE, day | {"skip": FORGET_AT_ONCE})
            up_to = edge["address"] if edge else 2**63 - 1
            await transaction.execute(sql.FORGET_CONTACTS, day | {"up_to": up_to})
        return True

    def _day(self, now: int, days_ago: int) -> str:
        today = date.fromisoformat(day_of(now, self._bench.zone))
        return (today - timedelta(days=days_ago)).isoformat()

    async def _count(self, transaction: Transaction, told: Mapping[DomainDay, Tally]) -> None:
        contacts: list[dict[str, object]] = []
        figures: list[dict[str, object]] = []
        for day, known in (await _known(transaction, told)).items():
            changed, by_provider, total = merged(told[day], known)
            key = {"identity_id": day.identity_id, "day": day.day}
            contacts += [
                {
                    "identity_id": day.identity_id,
                    "day": day.number,
                    "address": number,
                    "flags": int(one.flags),
                    "provider": one.provider,
                }
                for number, one in changed.items()
            ]
            figures += [
                {**key, "provider": name, **added._asdict()} for name, added in by_provider.items()
            ]
            if any(total):
                figures.append({**key, "provider": sql.ALL, **total._asdict()})
        await transaction.execute_many(sql.KEEP_CONTACT, contacts)
        # In one order, so that two processes never wait for each other.
        await transaction.execute_many(sql.ADD_FIGURES, sorted(figures, key=_order))


def _order(row: Mapping[str, object]) -> tuple[object, ...]:
    return row["identity_id"], row["day"], row["provider"]


async def _known(
    transaction: Transaction, told: Mapping[DomainDay, Tally]
) -> dict[DomainDay, dict[int, Known]]:
    days = sorted(told)
    answers = await transaction.fetch_each(
        [
            (
                sql.CONTACTS,
                {
                    "of_identity": day.identity_id,
                    "of_day": day.number,
                    "addresses": sorted(told[day].fates),
                },
            )
            for day in days
        ]
    )
    return {
        day: {row["address"]: Known(Fate(row["flags"]), row["provider"]) for row in rows}
        for day, rows in zip(days, answers, strict=True)
    }


def _tells(row: Row) -> bool:
    return row["kind"] in _TELLING and row["identity_id"] is not None and bool(row["address"])


def _fact(row: Row) -> Fact:
    return Fact(
        account_id=row["account_id"],
        at=row["at"],
        identity_id=row["identity_id"],
        accepted_at=row["accepted_at"],
        address=row["address"],
        kind=EventKind(row["kind"]),
        data=msgspec.json.decode(row["data"]),
    )
