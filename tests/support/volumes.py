"""Counts of an account, written as the rollup writes them."""

from collections.abc import Mapping

from tayori.app.parts import Parts
from tayori.stats import statements
from tayori.stats.model import ALL, Cell, KeyCell, Kind, Volume


async def counted(
    parts: Parts,
    account_id: int,
    days: Mapping[tuple[str, str], Volume],
    keys: Mapping[tuple[Kind, str, str], Volume] | None = None,
) -> None:
    """Add counts by (day, sender domain), and by (kind, day, key)."""
    cells = [
        Cell(account_id, day, each, ALL)._asdict() | volume._asdict()
        for (day, domain), volume in days.items()
        for each in (domain, ALL)
    ]
    keyed = [
        KeyCell(account_id, kind, day, key)._asdict() | volume._asdict()
        for (kind, day, key), volume in (keys or {}).items()
    ]
    async with parts.database.write() as transaction:
        await transaction.execute_many(statements.ADD, cells)
        await transaction.execute_many(statements.ADD_KEYED, keyed)
