"""All SQL with which levels are looked at and changed by people, or by a long silence."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import msgspec

from tayori.db import numbers
from tayori.db.database import Database, Row, Transaction
from tayori.refusal.saying import Saying, quote, recall, say
from tayori.reputation import level_statements as sql
from tayori.reputation.figures import Figures
from tayori.reputation.judging_store import Bench, day_row, domain_of, store_change
from tayori.reputation.level_model import Change, DayRow, Domain
from tayori.reputation.rules import Decision, Kind
from tayori.reputation.standing import Standing
from tayori.runtime.clock import DAY, day_of

OPERATOR = "operator"
_ANY = 2**62


class LevelStore:
    """The levels of all domains; each change is one transaction with its record and event."""

    def __init__(self, database: Database, bench: Bench) -> None:
        self._database = database
        self._bench = bench

    async def all(self, account_id: int | None, now: int) -> list[tuple[Domain, Figures]]:
        """Return domains of an account (None: of all) with today's figures."""
        least, largest = (0, _ANY) if account_id is None else (account_id, account_id)
        values = {"least_account": least, "largest_account": largest}
        async with self._database.read() as transaction:
            domains = [domain_of(row) for row in await transaction.fetch(sql.LIST, values)]
            of_day = {
                "identities": [domain.identity_id for domain in domains],
                "of_day": day_of(now, self._bench.zone),
            }
            rows = map(day_row, await transaction.fetch(sql.DAYS_OF_ALL, of_day))
        figures = {row.identity_id: row.figures for row in rows}
        return [(domain, figures.get(domain.identity_id, Figures())) for domain in domains]

    async def find(self, domain: str) -> Domain | None:
        """Return a domain (A-labels) of whichever account."""
        async with self._database.read() as transaction:
            row = await transaction.fetch_one(sql.ONE, {"of_domain": domain})
        return domain_of(row) if row else None

    async def days(self, identity_id: int, now: int, days: int) -> list[DayRow]:
        """Return the figures of the last days, newest first, by provider and in all."""
        today = date.fromisoformat(day_of(now, self._bench.zone))
        since = (today - timedelta(days=days - 1)).isoformat()
        values = {"of_identity": identity_id, "since": since}
        async with self._database.read() as transaction:
            return [day_row(row) for row in await transaction.fetch(sql.DAYS, values)]

    async def changes(self, identity_id: int, most: int) -> list[Change]:
        """Return what was decided about a domain, newest first."""
        values = {"of_identity": identity_id, "most": most}
        async with self._database.read() as transaction:
            return [_change(row) for row in await transaction.fetch(sql.CHANGES, values)]

    async def unblocks(self, account_id: int) -> int:
        """Return how often domains of an account were let go."""
        async with self._database.read() as transaction:
            return await _unblocks(transaction, account_id)

    async def set_level(self, domain: str, level: int, reason: str, now: int) -> Domain | None:
        """Set a level at once; a fall or stop that was decided on is lifted."""
        async with self._database.write() as transaction:
            found = await _locked(transaction, domain, now)
            if found is None:
                return None
            decision = Decision(kind=Kind.SET, rule=OPERATOR, reason=quote(reason), level=level)
            return await self._let_go(transaction, found, decision, now)

    async def unblock(
        self, domain: str, reason: str, now: int, most: int
    ) -> Domain | Saying | None:
        """Let a stopped domain go; a sentence when it may not be, None when there is none."""
        async with self._database.write() as transaction:
            found = await _locked(transaction, domain, now)
            if found is None:
                return None
            if found.standing.level and not found.standing.is_blocked(now):
                return say("The domain {domain} is not stopped.", domain=domain)
            if await _unblocks(transaction, found.account_id) >= most:
                return say("The account has used up its {most} unblock requests.", most=most)
            level = max(1, found.standing.level)
            decision = Decision(
                kind=Kind.UNBLOCKED, rule=OPERATOR, reason=quote(reason), level=level
            )
            return await self._let_go(transaction, found, decision, now)

    async def restart_idle(self, now: int, idle_days: int, most: int) -> int:
        """Let domains that were silent for longer begin again at level 1; return how many."""
        today = date.fromisoformat(day_of(now, self._bench.zone))
        values = {
            "since_day": (today - timedelta(days=idle_days + 1)).isoformat(),
            "since_at": now - (idle_days + 1) * DAY,
            "most": most,
        }
        async with self._database.write() as transaction:
            rows = await transaction.fetch(sql.IDLE, values)
            ids = [row["id"] for row in rows]
            locked = await transaction.fetch(sql.LOCK_IDENTITIES, {"identities": ids})
            for domain in map(domain_of, locked):
                reason = say("Nothing was sent for more than {days} days.", days=idle_days)
                decision = Decision(kind=Kind.IDLE, rule="idle", reason=reason, level=1)
                after = replace(domain.standing.settled(now), level=1)
                what = (decision, Figures(), now)
                await store_change(transaction, domain, after, what, now)
        return len(rows)

    async def _let_go(
        self, transaction: Transaction, found: Domain, decision: Decision, now: int
    ) -> Domain:
        """Change the level and begin the day's figures again, which led to where it was."""
        after = Standing(level=decision.level)
        day = day_of(now, self._bench.zone)
        of_day = {"identities": [found.identity_id], "of_day": day}
        row = await transaction.fetch_one(sql.DAYS_OF_ALL, of_day)
        figures = day_row(row).figures if row else Figures()
        await store_change(transaction, found, after, (decision, figures, now), now, by=OPERATOR)
        await transaction.execute(
            sql.BEGIN_AGAIN, {"of_identity": found.identity_id, "of_day": day}
        )
        return replace(found, standing=after)


async def _locked(transaction: Transaction, domain: str, now: int) -> Domain | None:
    row = await transaction.fetch_one(sql.ONE_LOCKED, {"of_domain": domain})
    if row is None:
        return None
    found = domain_of(row)
    return replace(found, standing=found.standing.settled(now))


async def _unblocks(transaction: Transaction, account_id: int) -> int:
    return await numbers.total(transaction, sql.UNBLOCKS, {"of_account": account_id})


def _change(row: Row) -> Change:
    figures = msgspec.json.decode(row["figures"], type=dict[str, int])
    names: Sequence[str] = [
        n for n in Change.__dataclass_fields__ if n not in {"figures", "reason"}
    ]
    values = {name: row[name] for name in names}
    return Change(**values, reason=recall(row["reason"]), figures=figures)
