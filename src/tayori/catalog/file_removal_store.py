"""Forgets files for receiver lists, in the caller's transaction."""

from collections.abc import Sequence

from tayori.catalog import list_file_statements as sql
from tayori.db.database import Transaction


async def forget_files(transaction: Transaction, files: Sequence[int]) -> None:
    """Delete files with all that is known of them."""
    if files:
        for statement in (sql.DELETE_PARTS, sql.DELETE_FAULTS, sql.DELETE):
            await transaction.execute(statement, {"files": list(files)})


async def forget_files_of(transaction: Transaction, list_id: int) -> None:
    """Delete the files of a list."""
    rows = await transaction.fetch(sql.FILES_OF_LIST, {"of_id": list_id})
    await forget_files(transaction, [row["id"] for row in rows])
