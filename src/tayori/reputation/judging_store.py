"""Applies the rules to days of domains, inside the transaction that counted them.

Domains are locked in the order of their numbers, so that several processes judge one after the
other. Each decision is kept with the figures that caused it and becomes an event of the account.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo

import msgspec

from tayori.db.database import Row, Transaction
from tayori.events.model import Event, EventKind
from tayori.events.store import record
from tayori.refusal.saying import keep, say
from tayori.reputation import level_statements as sql
from tayori.reputation.counting import DomainDay
from tayori.reputation.figures import Figures
from tayori.reputation.level_model import DayRow, Domain
from tayori.reputation.rules import HABIT_DAYS, Day, Decision, Kind, Rules
from tayori.reputation.standing import Quotas, Standing
from tayori.reputation.standing_store import standing_of, standings
from tayori.runtime.clock import DAY, day_of, day_range


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What judging needs beside the figures."""

    rules: Rules
    quotas: Quotas
    zone: tzinfo


@dataclass(slots=True)
class _Case:
    """A domain while it is judged."""

    domain: Domain
    overrides: Mapping[str, int]
    rises: int
    standing: Standing


async def judge(
    transaction: Transaction,
    bench: Bench,
    days: Collection[DomainDay],
    now: int,
    *,
    closed: bool = False,
) -> int:
    """Judge days of domains and carry out what is decided; return how many decisions it were.

    With `closed` the days are over: each is judged as a whole, once.
    """
    cases = await _cases(transaction, bench, {day.identity_id for day in days}, now)
    rows = await transaction.fetch(
        sql.TOTALS,
        {
            "identities": sorted({day.identity_id for day in days}),
            "days": sorted({day.day for day in days}),
        },
    )
    decided = 0
    for row in map(day_row, rows):
        case = cases.get(row.identity_id)
        if case is None or DomainDay(row.identity_id, row.day) not in days:
            continue
        decisions = bench.rules.judge(_day(case, row, bench, now, closed=closed))
        for decision in decisions:
            await _carry_out(transaction, bench, case, (row, decision), now, closed=closed)
        decided += len(decisions)
        decided += await _suspend(transaction, bench, case, (row, decisions), now)
        if decisions or closed:
            await _mark(transaction, row, decisions, closed=closed)
    return decided


async def _cases(
    transaction: Transaction, bench: Bench, identities: Collection[int], now: int
) -> dict[int, _Case]:
    values = {"identities": sorted(identities)}
    domains = [domain_of(row) for row in await transaction.fetch(sql.LOCK_IDENTITIES, values)]
    begin, _ = day_range(day_of(now, bench.zone), bench.zone)
    rows = await transaction.fetch(sql.RISES, values | {"since": begin})
    rises = {row["identity_id"]: int(row["rises"]) for row in rows}
    own = await standings(transaction, [], {domain.account_id for domain in domains})
    return {
        domain.identity_id: _Case(
            domain=domain,
            overrides=own.overrides.get(domain.account_id, {}),
            rises=rises.get(domain.identity_id, 0),
            standing=domain.standing.settled(now),
        )
        for domain in domains
    }


def _day(case: _Case, row: DayRow, bench: Bench, now: int, *, closed: bool) -> Day:
    standing = case.standing
    return Day(
        figures=row.figures,
        level=standing.level,
        per_day=bench.quotas.domain_per_day(standing.level, case.overrides),
        rises=case.rises,
        falls=standing.next_level is not None,
        lowered=row.lowered,
        warned=row.warned,
        stopped=standing.is_blocked(now),
        is_today=row.day == day_of(now, bench.zone),
        closed=closed or row.closed,
    )


async def _carry_out(
    transaction: Transaction,
    bench: Bench,
    case: _Case,
    what: tuple[DayRow, Decision],
    now: int,
    *,
    closed: bool,
) -> None:
    row, decision = what
    before, tomorrow = case.standing, bench.quotas.end_of_day(now)
    # A day that is judged when it is over holds for the one that has just begun.
    effective_at = now if closed or decision.kind is not Kind.LOWERED else tomorrow
    match decision.kind:
        case Kind.RAISED:
            case.standing, case.rises = replace(before, level=decision.level), case.rises + 1
        case Kind.LOWERED if closed:
            case.standing = replace(before, level=decision.level)
        case Kind.LOWERED:
            case.standing = replace(before, next_level=decision.level, next_level_at=tomorrow)
        case Kind.SPARED:
            case.standing = replace(before, next_level=None, next_level_at=None)
        case Kind.STOPPED:
            case.standing = replace(before, blocked_until=tomorrow, blocked_reason=decision.reason)
        case _:
            pass
    await store_change(
        transaction,
        replace(case.domain, standing=before),
        case.standing,
        (decision, row.figures, effective_at),
        now,
    )


async def _suspend(
    transaction: Transaction,
    bench: Bench,
    case: _Case,
    what: tuple[DayRow, Sequence[Decision]],
    now: int,
) -> bool:
    """Suspend the account of a day that tells of spam; tell whether it was.

    What led to a suspension that was lifted does not lead to the next one: days that had begun by
    then, and stops before it, count no more.
    """
    row, decisions = what
    suspicion = bench.rules.suspicion(row.figures)
    if suspicion is None and all(one.kind is not Kind.STOPPED for one in decisions):
        return False
    account_id = case.domain.account_id
    kinds = [Kind.STOPPED.value, Kind.SUSPENDED.value]
    values = {"of_account": account_id, "since": now - HABIT_DAYS * DAY, "kinds": kinds}
    past = await transaction.fetch(sql.BAD_DAYS, values)
    before = max((one["at"] for one in past if one["kind"] == Kind.SUSPENDED.value), default=-1)
    if before >= day_range(row.day, bench.zone)[0]:
        return False
    stopped = {
        day_of(one["at"], bench.zone)
        for one in past
        if one["kind"] == Kind.STOPPED.value and one["at"] > before
    }
    decision = suspicion or bench.rules.habit(len(stopped))
    if decision is None:
        return False
    because = keep(say("{domain}: {reason}", domain=case.domain.domain, reason=decision.reason))
    suspend = {"of_account": account_id, "now": now, "because": because}
    if not await transaction.execute(sql.SUSPEND, suspend):
        return False
    domain = replace(case.domain, standing=case.standing)
    await store_change(transaction, domain, case.standing, (decision, row.figures, now), now)
    return True


async def store_change(
    transaction: Transaction,
    domain: Domain,
    after: Standing,
    what: tuple[Decision, Figures, int],
    now: int,
    *,
    by: str = "",
) -> None:
    """Write a standing, the decision behind it and its event; `what` ends with its instant."""
    decision, figures, effective_at = what
    before = domain.standing
    to_level = before.level
    if decision.kind not in (Kind.STOPPED, Kind.WARNED, Kind.SUSPENDED):
        to_level = after.level if after.next_level is None else after.next_level
    await transaction.execute(sql.SET_STANDING, {"of_identity": domain.identity_id, **_new(after)})
    await transaction.execute(
        sql.INSERT_CHANGE,
        {
            "identity_id": domain.identity_id,
            "account_id": domain.account_id,
            "domain": domain.domain,
            "at": now,
            "kind": decision.kind.value,
            "from_level": before.level,
            "to_level": to_level,
            "effective_at": effective_at,
            "by": by or decision.rule,
            "reason": keep(decision.reason),
            "figures": msgspec.json.encode(figures._asdict() if any(figures) else {}).decode(),
        },
    )
    event = Event(
        at=now,
        account_id=domain.account_id,
        kind=EventKind.STANDING_CHANGED,
        data={
            "domain": domain.domain,
            "change": decision.kind.value,
            "from_level": before.level,
            "to_level": to_level,
            "effective_at": effective_at,
            "by": by or decision.rule,
            "reason": keep(decision.reason),
        },
    )
    await record(transaction, [event])


async def _mark(
    transaction: Transaction, row: DayRow, decisions: Sequence[Decision], *, closed: bool
) -> None:
    kinds = {decision.kind for decision in decisions}
    values = {
        "of_identity": row.identity_id,
        "of_day": row.day,
        "is_lowered": (row.lowered or Kind.LOWERED in kinds) and Kind.SPARED not in kinds,
        "is_warned": row.warned or bool(kinds & {Kind.WARNED, Kind.STOPPED}),
        "is_over": row.closed or closed,
    }
    await transaction.execute(sql.MARK, values)


def _new(standing: Standing) -> dict[str, object]:
    values = {f"to_{name}": getattr(standing, name) for name in Standing.__dataclass_fields__}
    return values | {"to_blocked_reason": keep(standing.blocked_reason)}


def domain_of(row: Row) -> Domain:
    """Return the domain of an identity's row."""
    return Domain(
        identity_id=row["id"],
        account_id=row["account_id"],
        domain=row["domain"],
        standing=standing_of(row),
        verified=bool(row["verified"]),
    )


def figures_of(row: Row) -> Figures:
    """Return the figures of a day's row."""
    return Figures(*(int(row[name]) for name in Figures._fields))


def day_row(row: Row) -> DayRow:
    """Return a day of a domain."""
    return DayRow(
        identity_id=row["identity_id"],
        day=row["day"],
        provider=row["provider"],
        figures=figures_of(row),
        lowered=bool(row["lowered"]),
        warned=bool(row["warned"]),
        closed=bool(row["closed"]),
    )
