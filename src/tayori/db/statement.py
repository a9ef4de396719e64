"""Statements are written once with SQLAlchemy Core and compiled once per database.

A store builds its statements at import and runs them straight on the driver: the expression layer
would cost ten times the query itself on a hot path (design: docs/decisions/0001).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, bindparam
from sqlalchemy.dialects.postgresql import asyncpg as postgresql
from sqlalchemy.dialects.sqlite import pysqlite as sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import BindParameter
from sqlalchemy.types import Boolean

_SQLITE = sqlite.dialect()
_POSTGRESQL = postgresql.dialect()  # type: ignore[no-untyped-call]  # untyped upstream


class AmongParameter(ColumnElement[bool]):
    """`column` equals one of the values of a list parameter, however long the list is."""

    inherit_cache = True
    type = Boolean()

    def __init__(self, column: ColumnElement[Any], name: str) -> None:
        self.column = column
        self.parameter: BindParameter[Any] = bindparam(f"{name}__list")

    def get_children(self, **_: Any) -> tuple[ClauseElement, ...]:
        """Return what is inside, as the expression tree wants it."""
        return (self.column, self.parameter)

    def self_group(self, against: Any = None) -> "AmongParameter":
        """Stand bare as a condition: for `... = 1` SQLite would look through the whole table."""
        _ = against
        return self


def among(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Return the condition that the column is one of the values given as list `name`."""
    return AmongParameter(column, name)


@compiles(AmongParameter, "sqlite")
def _among_sqlite(element: AmongParameter, compiler: SQLCompiler, **kw: Any) -> str:
    column, parameter = compiler.process(element.column, **kw), compiler.process(element.parameter)
    return f"{column} IN (SELECT value FROM json_each({parameter}))"  # noqa: S608 - compiled parts


@compiles(AmongParameter, "postgresql")
def _among_postgresql(element: AmongParameter, compiler: SQLCompiler, **kw: Any) -> str:
    column, parameter = compiler.process(element.column, **kw), compiler.process(element.parameter)
    kind = compiler.dialect.type_compiler_instance.process(element.column.type)
    return f"{column} = ANY({parameter.split('::')[0]}::{kind}[])"


LIKE_ESCAPE = "!"


def like_text(text: str) -> str:
    """Return a text as a part of a LIKE pattern that means just this text (`LIKE_ESCAPE`)."""
    return "".join(f"{LIKE_ESCAPE}{char}" if char in "!%_" else char for char in text)


def by_dialect(*, sqlite: ClauseElement, postgresql: ClauseElement) -> dict[str, ClauseElement]:
    """Return a statement that has to be written separately, such as INSERT ... ON CONFLICT."""
    return {"sqlite": sqlite, "postgresql": postgresql}


class Statement:
    """One statement in both databases' own form, with the order of its parameters."""

    def __init__(self, element: ClauseElement | Mapping[str, ClauseElement]) -> None:
        self._element = element
        self._forms: dict[str, tuple[str, tuple[str, ...], dict[str, Any]]] = {}

    def form(self, dialect: str) -> tuple[str, tuple[str, ...], dict[str, Any]]:
        """Return SQL text, parameter names in order, and the values that are constants."""
        known = self._forms.get(dialect)
        if known is None:
            known = self._forms[dialect] = self._compile(dialect)
        return known

    def _compile(self, dialect: str) -> tuple[str, tuple[str, ...], dict[str, Any]]:
        element = self._element
        if not isinstance(element, ClauseElement):
            element = element[dialect]
        given = element.compile(dialect=_SQLITE if dialect == "sqlite" else _POSTGRESQL)
        if not isinstance(given, SQLCompiler):
            raise TypeError("Only queries and changes of rows are statements.")
        names = tuple(given.positiontup or ())
        # A constant may well be NULL; only what was declared without a value has to be given.
        constants = {name: bind.value for name, bind in given.binds.items() if not bind.required}
        return str(given), names, constants


def arguments(
    names: Sequence[str], constants: Mapping[str, Any], values: Mapping[str, Any], dialect: str
) -> tuple[Any, ...]:
    """Return the driver's arguments; KeyError when a parameter got no value."""
    try:
        return tuple([values[name] for name in names])  # As it is for nearly every row.
    except KeyError:
        return tuple(_argument(name, constants, values, dialect) for name in names)


def _argument(
    name: str, constants: Mapping[str, Any], values: Mapping[str, Any], dialect: str
) -> Any:
    if name in values:
        return values[name]
    if name.endswith("__list"):
        items = values[name.removesuffix("__list")]
        return msgspec.json.encode(items).decode() if dialect == "sqlite" else list(items)
    return constants[name]
