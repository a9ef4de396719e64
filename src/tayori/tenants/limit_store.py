"""All SQL for the limits that operators set for single accounts."""

from sqlalchemy import bindparam, delete, insert, select

from tayori.db.database import Database
from tayori.db.statement import Statement
from tayori.db.tables.tenants import account_limit

_ALL = Statement(select(account_limit))
_FORGET = Statement(
    delete(account_limit)
    .where(account_limit.c.account_id == bindparam("of_account"))
    .where(account_limit.c.name == bindparam("of_name"))
)
_ADD = Statement(
    insert(account_limit).values(
        account_id=bindparam("of_account"), name=bindparam("of_name"), value=bindparam("of_value")
    )
)


class LimitStore:
    """The limits of accounts that have some of their own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> dict[int, dict[str, int]]:
        """Return the limits by account and name."""
        found: dict[int, dict[str, int]] = {}
        async with self._database.read() as transaction:
            for row in await transaction.fetch(_ALL):
                found.setdefault(row["account_id"], {})[row["name"]] = row["value"]
        return found

    async def set(self, account_id: int, name: str, value: int | None) -> None:
        """Set a limit, or with None let the settings' hold again."""
        values = {"of_account": account_id, "of_name": name}
        async with self._database.write() as transaction:
            await transaction.execute(_FORGET, values)
            if value is not None:
                await transaction.execute(_ADD, values | {"of_value": value})
