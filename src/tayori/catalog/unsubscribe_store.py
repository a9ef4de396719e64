"""All SQL of the unsubscribe settings of senders."""

from dataclasses import dataclass

from sqlalchemy import bindparam, delete, func, insert, select, update

from tayori.db import numbers
from tayori.db.database import Database, IntegrityError
from tayori.db.statement import Statement
from tayori.db.tables.suppress import unsubscribe_config

_column = unsubscribe_config.c
_MINE = (_column.account_id == bindparam("account")) & (_column.address == bindparam("sender"))
_INSERT = Statement(
    insert(unsubscribe_config).values({c.name: bindparam(c.name) for c in unsubscribe_config.c})
)
_UPDATE = Statement(
    update(unsubscribe_config)
    .where(_MINE)
    .values(choice=bindparam("to_choice"), enabled=bindparam("to_enabled"))
)
_DELETE = Statement(delete(unsubscribe_config).where(_MINE))
_FIND = Statement(select(unsubscribe_config).where(_MINE))
_OF_ACCOUNT = _column.account_id == bindparam("account")
_PAGE = Statement(
    select(unsubscribe_config)
    .where(_OF_ACCOUNT)
    .order_by(_column.address)
    .limit(bindparam("most"))
    .offset(bindparam("skip"))
)
_COUNT = Statement(select(func.count().label("total")).where(_OF_ACCOUNT))


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsubscribeConfig:
    """A sender's link: choice "0" for none, "1" to "12" for its language; off when not enabled."""

    address: str
    choice: str
    enabled: bool


class UnsubscribeStore:
    """The settings in the database; a sender has at most one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, account_id: int, config: UnsubscribeConfig) -> bool:
        """Store a sender's first setting; False when there is one."""
        row = {
            "address": config.address,
            "account_id": account_id,
            "choice": config.choice,
            "enabled": config.enabled,
        }
        try:
            async with self._database.write() as transaction:
                await transaction.execute(_INSERT, row)
        except IntegrityError:
            return False
        return True

    async def change(self, account_id: int, config: UnsubscribeConfig) -> bool:
        """Change a sender's setting; False when there is none."""
        values = {
            "account": account_id,
            "sender": config.address,
            "to_choice": config.choice,
            "to_enabled": config.enabled,
        }
        async with self._database.write() as transaction:
            return await transaction.execute(_UPDATE, values) > 0

    async def delete(self, account_id: int, address: str) -> bool:
        """Delete a sender's setting; False when there is none."""
        async with self._database.write() as transaction:
            return (
                await transaction.execute(_DELETE, {"account": account_id, "sender": address}) > 0
            )

    async def find(self, account_id: int, address: str) -> UnsubscribeConfig | None:
        """Return a sender's setting."""
        async with self._database.read() as transaction:
            row = await transaction.fetch_one(_FIND, {"account": account_id, "sender": address})
        if row is None:
            return None
        return UnsubscribeConfig(
            address=row["address"], choice=row["choice"], enabled=bool(row["enabled"])
        )

    async def page(
        self, account_id: int, page: tuple[int, int]
    ) -> tuple[list[UnsubscribeConfig], int]:
        """Return a page (offset, limit) by address, and how many there are."""
        values = {"account": account_id, "skip": page[0], "most": page[1]}
        async with self._database.read() as transaction:
            rows = await transaction.fetch(_PAGE, values)
            total = await numbers.total(transaction, _COUNT, values)
        found = [
            UnsubscribeConfig(
                address=row["address"], choice=row["choice"], enabled=bool(row["enabled"])
            )
            for row in rows
        ]
        return found, total
