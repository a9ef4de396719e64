"""All SQL of the audit log."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Select, bindparam, delete, insert, select

from tayori.db.database import Database, Row, Transaction
from tayori.db.statement import Statement
from tayori.db.tables.users import audit_entry
from tayori.tenants.users.audit_model import AuditAction, AuditEntry

_entry = audit_entry.c
_SWEPT_AT_ONCE: Final = 1_000
_RECORD = Statement(
    insert(audit_entry).values(
        at=bindparam("at"),
        user_id=bindparam("user_id"),
        email=bindparam("email"),
        account_id=bindparam("account_id"),
        action=bindparam("action"),
        target=bindparam("target"),
        value_before=bindparam("before"),
        value_after=bindparam("after"),
        address=bindparam("address"),
    )
)
_OLD = (
    select(_entry.id)
    .where(_entry.at < bindparam("until"))
    .order_by(_entry.at)
    .limit(_SWEPT_AT_ONCE)
)
_SWEEP = Statement(delete(audit_entry).where(_entry.id.in_(_OLD.scalar_subquery())))


def _page(*conditions: object) -> Statement:
    page: Select[tuple[object, ...]] = select(audit_entry).where(_entry.id < bindparam("below"))
    for condition in conditions:
        page = page.where(condition)  # type: ignore[arg-type]
    return Statement(page.order_by(_entry.id.desc()).limit(bindparam("most")))


_OF_ACCOUNT = _entry.account_id == bindparam("of_account")
_OF_USER = _entry.user_id == bindparam("of_user")
_PAGES = {
    (False, False): _page(),
    (True, False): _page(_OF_ACCOUNT),
    (False, True): _page(_OF_USER),
    (True, True): _page(_OF_ACCOUNT, _OF_USER),
}
_NEWEST: Final = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which entries: of an account and of a user (None = any), older than the id `below`."""

    account_id: int | None = None
    user_id: int | None = None
    below: int | None = None
    most: int = 100


async def record(transaction: Transaction, entry: AuditEntry) -> None:
    """Write an entry within the transaction that makes the change; `at` must be set."""
    await transaction.execute(
        _RECORD,
        {
            "at": entry.at,
            "user_id": entry.user_id,
            "email": entry.email,
            "account_id": entry.account_id,
            "action": entry.action.value,
            "target": entry.target,
            "before": entry.before,
            "after": entry.after,
            "address": entry.address,
        },
    )


class AuditStore:
    """The log in the database; it is only ever added to, and swept by age."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, entry: AuditEntry) -> None:
        """Write an entry in a transaction of its own."""
        async with self._database.write() as transaction:
            await record(transaction, entry)

    async def find(self, wanted: AuditFilter) -> list[AuditEntry]:
        """Return entries, newest first."""
        statement = _PAGES[(wanted.account_id is not None, wanted.user_id is not None)]
        values = {
            "of_account": wanted.account_id,
            "of_user": wanted.user_id,
            "below": _NEWEST if wanted.below is None else wanted.below,
            "most": wanted.most,
        }
        async with self._database.read() as transaction:
            return [_entry_of(row) for row in await transaction.fetch(statement, values)]

    async def sweep(self, until: int) -> bool:
        """Delete some of what is older than `until`; True when there may be more."""
        async with self._database.write() as transaction:
            return await transaction.execute(_SWEEP, {"until": until}) == _SWEPT_AT_ONCE


def _entry_of(row: Row) -> AuditEntry:
    return AuditEntry(
        id=row["id"],
        at=row["at"],
        user_id=row["user_id"],
        email=row["email"],
        account_id=row["account_id"],
        action=AuditAction(row["action"]),
        target=row["target"],
        before=row["value_before"],
        after=row["value_after"],
        address=row["address"],
    )
