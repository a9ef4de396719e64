"""All SQL for the pools of sources that operators dedicate to accounts."""

from sqlalchemy import bindparam, select, update

from tayori.db.database import Database
from tayori.db.statement import Statement
from tayori.db.tables.tenants import account

_DEDICATED = Statement(select(account.c.id, account.c.pool).where(account.c.pool.is_not(None)))
_DEDICATE = Statement(
    update(account).where(account.c.id == bindparam("account_id")).values(pool=bindparam("of_pool"))
)


class PoolStore:
    """Which accounts have a pool of their own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def dedicated(self) -> dict[int, str]:
        """Return the pools of those accounts that have one."""
        async with self._database.read() as transaction:
            return {row["id"]: row["pool"] for row in await transaction.fetch(_DEDICATED)}

    async def dedicate(self, account_id: int, pool: str | None) -> None:
        """Give an account a pool of its own, or with None the default one again."""
        async with self._database.write() as transaction:
            await transaction.execute(_DEDICATE, {"account_id": account_id, "of_pool": pool})
