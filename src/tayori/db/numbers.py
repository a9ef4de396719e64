"""Questions to the database whose answer is one number."""

from collections.abc import Mapping
from typing import Any

from tayori.db.database import Transaction
from tayori.db.statement import Statement


async def total(transaction: Transaction, statement: Statement, values: Mapping[str, Any]) -> int:
    """Return what a statement counts as `total`."""
    row = await transaction.fetch_one(statement, values)
    return int(row["total"]) if row else 0


async def insert(transaction: Transaction, statement: Statement, values: Mapping[str, Any]) -> int:
    """Store one row by a statement that returns its `id`, and return that."""
    row = await transaction.fetch_one(statement, values)
    if row is None:
        raise LookupError("The database stored a row and did not tell its number.")
    return int(row["id"])
