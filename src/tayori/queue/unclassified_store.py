"""Keeps the replies that no rule understands, so that an operator can write rules for them.

A reply is stored once per provider, reply code and normalised text, in the transaction that settles
its mail. The table is bounded: when it is full, the texts that were not heard for the longest time
make room.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from tayori.classify.normal import normalised
from tayori.db import numbers
from tayori.db.database import Database, Transaction
from tayori.db.statement import Statement, by_dialect
from tayori.db.tables.unclassified import unclassified_reply
from tayori.queue.model import Settlement

MOST_ROWS = 2_000
MOST_AT_ONCE = 20
"""New texts that one batch of settlements may bring; the rest is heard of again, if it matters."""
LONGEST_EXAMPLE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Unclassified:
    """One text that is not understood; times are milliseconds since the epoch."""

    provider: str
    code: int
    text: str
    example: str
    count: int
    first_at: int
    last_at: int


_c = unclassified_reply.c
_ROW: dict[str, Any] = {c.name: bindparam(c.name) for c in unclassified_reply.c}
_KEY = ["provider", "code", "text"]
_AGAIN: dict[str, Any] = {
    "count": _c.count + bindparam("count"),
    "last_at": bindparam("last_at"),
    "example": bindparam("example"),
}
_COUNT = Statement(
    by_dialect(
        sqlite=sqlite_insert(unclassified_reply)
        .values(_ROW)
        .on_conflict_do_update(index_elements=_KEY, set_=_AGAIN),
        postgresql=postgresql_insert(unclassified_reply)
        .values(_ROW)
        .on_conflict_do_update(index_elements=_KEY, set_=_AGAIN),
    )
)
_TOTAL = Statement(select(func.count().label("total")).select_from(unclassified_reply))
_OLDEST = Statement(
    select(_c.provider, _c.code, _c.text)
    .order_by(_c.last_at, _c.provider, _c.code, _c.text)
    .limit(bindparam("most"))
)
_DROP = Statement(
    delete(unclassified_reply)
    .where(_c.provider == bindparam("of_provider"))
    .where(_c.code == bindparam("of_code"))
    .where(_c.text == bindparam("of_text"))
)
_LIST = Statement(
    select(unclassified_reply)
    .order_by(_c.count.desc(), _c.last_at.desc(), _c.provider, _c.code, _c.text)
    .limit(bindparam("most"))
)
_FORGET = Statement(delete(unclassified_reply))
_FORGET_PROVIDER = Statement(
    delete(unclassified_reply).where(_c.provider == bindparam("of_provider"))
)


def unclassified(settlements: Iterable[Settlement]) -> list[Unclassified]:
    """Return the texts among the receivers' replies that are not understood, each once (pure)."""
    found: dict[tuple[str, int, str], Unclassified] = {}
    for item in settlements:
        reply = item.outcome.reply if item.outcome else None
        if item.verdict is None or item.verdict.understood or reply is None:
            continue
        key = (item.provider, reply.code, normalised(f"{reply.enhanced} {reply.text}"))
        seen = found.get(key)
        if seen is not None:
            found[key] = replace(seen, count=seen.count + 1, last_at=max(seen.last_at, item.at))
        elif len(found) < MOST_AT_ONCE:
            found[key] = Unclassified(
                provider=item.provider,
                code=reply.code,
                text=key[2],
                example=str(reply)[:LONGEST_EXAMPLE],
                count=1,
                first_at=item.at,
                last_at=item.at,
            )
    # Rows are locked in one order, so that two processes never wait for each other.
    return [found[key] for key in sorted(found)]


async def count_unclassified(transaction: Transaction, heard: Sequence[Unclassified]) -> None:
    """Count texts; to be the last thing that a transaction does, since processes share the rows."""
    if not heard:
        return
    rows = [{name: getattr(item, name) for name in _ROW} for item in heard]
    total = await numbers.total(transaction, _TOTAL, {})
    too_many = total + len(rows) - MOST_ROWS
    if too_many > 0:
        # A tenth makes room for a while; what is still heard comes back by itself.
        most = max(too_many, MOST_ROWS // 10)
        oldest = await transaction.fetch(_OLDEST, {"most": most})
        dropped = [
            {"of_provider": row["provider"], "of_code": row["code"], "of_text": row["text"]}
            for row in oldest
        ]
        await transaction.execute_many(_DROP, dropped)
    await transaction.execute_many(_COUNT, rows)


class UnclassifiedStore:
    """What operators see of it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def most(self, limit: int) -> list[Unclassified]:
        """Return the texts that were heard most often."""
        async with self._database.read() as transaction:
            rows = await transaction.fetch(_LIST, {"most": limit})
        return [Unclassified(**{name: row[name] for name in _ROW}) for row in rows]

    async def forget(self, provider: str | None = None) -> int:
        """Begin again, for one provider or for all; return how many texts were forgotten."""
        async with self._database.write() as transaction:
            if provider is None:
                return await transaction.execute(_FORGET, {})
            return await transaction.execute(_FORGET_PROVIDER, {"of_provider": provider})
