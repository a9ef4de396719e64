"""Long lists looked through a window at a time: bounded work however long, however rare the rows.

A page is read by its key from where the one before it ended. What is looked for by parts of texts,
which no index can answer, is looked for in the next `looked` rows only; when a page is not full by
then, it says where to look on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause, bindparam, desc, select, tuple_

from tayori.db.database import Row, Transaction
from tayori.db.statement import Statement

Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """The rows of a page, and the key behind which the next one begins; None at the end."""

    rows: list[Row]
    after: Key | None


@dataclass(frozen=True, slots=True)
class Window:
    """The statements of one list. `key` names the columns that make its order unique."""

    page: Statement
    edge: Statement
    key: tuple[str, ...]

    async def look(
        self,
        transaction: Transaction,
        values: Mapping[str, Any],
        after: Key,
        *,
        most: int,
        looked: int | None = None,
    ) -> Seen:
        """Return up to `most` rows behind key `after`.

        `looked` is the number of rows to look through; without it every row is taken to be wanted.
        """
        through = most + 1 if looked is None else max(looked, most + 1)
        given = dict(values) | {"most": most + 1, "looked": through, "last": through - 1}
        given |= {f"after_{name}": part for name, part in zip(self.key, after, strict=True)}
        rows = await transaction.fetch(self.page, given)
        if len(rows) > most:
            return Seen(rows[:most], self._key(rows[most - 1]))
        if looked is None:
            return Seen(rows, None)
        edge = await transaction.fetch_one(self.edge, given)
        return Seen(rows, None if edge is None else self._key(edge))

    def _key(self, row: Row) -> Key:
        return tuple(row[name] for name in self.key)


def window(
    columns: Sequence[ColumnElement[Any]],
    *,
    source: FromClause,
    key: Sequence[ColumnElement[Any]],
    among: ColumnElement[bool],
    hit: ColumnElement[bool],
    descending: bool = False,
) -> Window:
    """Return the statements of a list in the order of `key`, columns of one index.

    `among` is what the index finds, `hit` what has to be looked at. The columns of the key have to
    be among `columns` under their own names; parameters are called after_NAME.
    """
    bounds = tuple_(*(bindparam(f"after_{one.key}", type_=one.type) for one in key))
    behind = tuple_(*key) < bounds if descending else tuple_(*key) > bounds
    order = [desc(one) if descending else one for one in key]
    seen = (
        select(*columns, hit.label("is_hit"))
        .select_from(source)
        .where(among)
        .where(behind)
        .order_by(*order)
        .limit(bindparam("looked"))
        .subquery()
    )
    shown = [one for one in seen.c if one.key != "is_hit"]
    outer = [seen.c[str(one.key)] for one in key]
    page = (
        select(*shown)
        .where(seen.c.is_hit)
        .order_by(*(desc(one) if descending else one for one in outer))
        .limit(bindparam("most"))
    )
    edge = (
        select(*key)
        .select_from(source)
        .where(among)
        .where(behind)
        .order_by(*order)
        .limit(1)
        .offset(bindparam("last"))
    )
    return Window(Statement(page), Statement(edge), tuple(str(one.key) for one in key))
