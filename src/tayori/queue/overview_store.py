"""All SQL with which pages look at the whole queue, whose length must not matter.

Nothing here reads the queue from end to end: of each rank only the recipients that are due first
are looked at, up to `LOOKED`. Answers say whether that was all.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from sqlalchemy import Integer, bindparam, case, func, literal, select

from tayori.db import numbers
from tayori.db.database import Database, Row, Transaction
from tayori.db.statement import Statement
from tayori.db.tables.queue import attempt, recipient
from tayori.queue.fairness import RANKS
from tayori.queue.operate import Entry
from tayori.queue.operator_store import BULK_RANKS, ENTRY, Filter, conditions, entry_of
from tayori.queue.states import HELD_UNTIL, State
from tayori.runtime.clock import DAY, HOUR, MINUTE

LOOKED = 5_000
"""Recipients of a rank that an answer looks at."""
AGES = (5 * MINUTE, HOUR, 4 * HOUR, DAY)
"""Upper ends of the ages since acceptance; one more age has no end."""
NOT_TRIED = "-"
"""The provider of what was never attempted: nobody knows it yet."""

_c = recipient.c
_OF_RANK = (_c.rank == bindparam("of_rank"), _c.due_at.is_not(None))
_FEW = select(_c.id).where(*_OF_RANK).order_by(_c.due_at).limit(bindparam("most")).subquery()
_LENGTH = Statement(select(func.count().label("total")).select_from(_FEW))
_FIRST_DUE = Statement(select(func.min(_c.due_at).label("due_at")).where(*_OF_RANK))
_looked = (
    select(_c.id, _c.attempts, _c.accepted_at, _c.state)
    .where(*_OF_RANK)
    .order_by(_c.due_at)
    .limit(bindparam("most"))
    .subquery()
)
_age = case(
    *(
        (_looked.c.accepted_at > bindparam(f"since_{place}"), literal(place, Integer))
        for place in range(len(AGES))
    ),
    else_=literal(len(AGES), Integer),
)
_provider = case(
    (_looked.c.attempts == 0, literal(NOT_TRIED)), else_=func.coalesce(attempt.c.provider, "")
)
_GROUPS = Statement(
    select(
        _provider.label("provider"),
        _age.label("age"),
        _looked.c.state,
        func.count().label("total"),
    )
    .select_from(
        _looked.outerjoin(
            attempt,
            (attempt.c.recipient_id == _looked.c.id) & (attempt.c.number == _looked.c.attempts),
        )
    )
    .group_by(_provider, _age, _looked.c.state)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """How many recipients wait; `more` when there are still others."""

    total: int
    more: bool
    oldest_due_at: int | None
    """When the one that is due for longest was due, in milliseconds since the Unix epoch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """How many recipients wait for a provider, by their age (see AGES) and in all.

    `provider` is NOT_TRIED, or "" for receivers that belong to none.
    """

    provider: str
    by_age: tuple[int, ...]
    held: int

    @property
    def total(self) -> int:
        """Return how many there are."""
        return sum(self.by_age)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The groups, those with most mails first; `whole` when all that waits was looked at."""

    groups: Sequence[Group]
    whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Recipients, those due first at the top; `more` when there are others.

    `whole` is False when there may be some beyond what was looked at.
    """

    entries: Sequence[Entry]
    more: bool
    whole: bool


class OverviewStore:
    """The queue as pages see it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def length(self, most: int = LOOKED) -> Length:
        """Return how many recipients wait, up to `most` of each rank."""
        totals, due = [], []
        async with self._database.read() as transaction:
            for rank in range(RANKS):
                of_rank = {"of_rank": rank}
                totals.append(await numbers.total(transaction, _LENGTH, of_rank | {"most": most}))
                row = await transaction.fetch_one(_FIRST_DUE, of_rank)
                if row is not None and row["due_at"] is not None:
                    due.append(int(row["due_at"]))
        oldest = min(due, default=None)
        if oldest == HELD_UNTIL:
            oldest = None
        return Length(total=sum(totals), more=most in totals, oldest_due_at=oldest)

    async def groups(self, now: int, looked: int = LOOKED) -> Overview:
        """Return how many recipients wait for each provider, by age."""
        values = {f"since_{place}": now - age for place, age in enumerate(AGES)}
        found: list[Row] = []
        whole = True
        async with self._database.read() as transaction:
            for rank in range(RANKS):
                rows = await transaction.fetch(
                    _GROUPS, {**values, "of_rank": rank, "most": looked + 1}
                )
                whole = whole and sum(row["total"] for row in rows) <= looked
                found += rows
        return Overview(groups=_grouped(found), whole=whole)

    async def look(self, wanted: Filter, most: int, looked: int = LOOKED) -> Sight:
        """Return up to `most` open recipients that are meant."""
        statement = _sight(wanted)
        ranks = BULK_RANKS if wanted.task_id is not None else tuple(range(RANKS))
        parts: list[list[Entry]] = []
        whole = True
        async with self._database.read() as transaction:
            for rank in ranks:
                values = _values(wanted, rank, most + 1, looked)
                rows = await transaction.fetch(statement, values)
                parts.append([entry_of(row) for row in rows])
                if len(rows) <= most:
                    whole = whole and not await _goes_on(transaction, wanted, values)
        ordered = heapq.merge(*parts, key=lambda entry: (entry.due_at, entry.recipient_id))
        entries = list(islice(ordered, most + 1))
        return Sight(entries=entries[:most], more=len(entries) > most, whole=whole)


def _grouped(rows: Sequence[Row]) -> list[Group]:
    ages: dict[str, list[int]] = {}
    held: dict[str, int] = {}
    for row in rows:
        provider = row["provider"]
        ages.setdefault(provider, [0] * (len(AGES) + 1))[row["age"]] += row["total"]
        if row["state"] == int(State.HELD):
            held[provider] = held.get(provider, 0) + row["total"]
    groups = [
        Group(provider=provider, by_age=tuple(counts), held=held.get(provider, 0))
        for provider, counts in ages.items()
    ]
    return sorted(groups, key=lambda group: (-group.total, group.provider))


def _walked(wanted: Filter) -> Any:
    """Return the walk along an index that the other filters are applied to."""
    walk = select(_c.id).where(*_OF_RANK)
    if wanted.state is State.HELD:
        walk = walk.where(_c.due_at == HELD_UNTIL)
    if wanted.account_id is None:
        return walk.order_by(_c.due_at)
    # In the order of this index, so that no database prefers the mails of all accounts by time.
    walk = walk.where(_c.account_id == bindparam("of_account"))
    if wanted.task_id is not None:
        return walk.where(_c.flow == bindparam("of_task")).order_by(_c.due_at)
    return walk.order_by(_c.flow, _c.due_at)


def _sight(wanted: Filter) -> Statement:
    walked = _walked(wanted).limit(bindparam("looked"))
    finer = replace(wanted, recipient_ids=(), message_ids=(), account_id=None, task_id=None)
    return Statement(
        ENTRY.where(_c.id.in_(walked), *conditions(finer))
        .order_by(_c.due_at, _c.id)
        .limit(bindparam("most"))
    )


async def _goes_on(transaction: Transaction, wanted: Filter, values: dict[str, Any]) -> bool:
    """Tell whether the walk would go on behind what was looked at."""
    further = Statement(_walked(wanted).limit(1).offset(bindparam("looked")))
    return await transaction.fetch_one(further, values) is not None


def _values(wanted: Filter, rank: int, most: int, looked: int) -> dict[str, Any]:
    return {
        "of_rank": rank,
        "of_account": wanted.account_id,
        "of_task": wanted.task_id,
        "most": most,
        "looked": looked,
    }
