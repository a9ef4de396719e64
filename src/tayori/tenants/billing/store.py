"""Counts mail and money in the transaction of whoever accepts or gives back.

Purses are locked in the order of accounts, so that several processes charge one account exactly.
"""

from collections.abc import Collection, Mapping, Sequence

from tayori.db import numbers
from tayori.db.database import Database, Row, Transaction
from tayori.tenants.billing import billing_statements as statements
from tayori.tenants.billing.model import Credit, Purse, Usage
from tayori.tenants.billing.pricing import returned

Used = Mapping[tuple[int, str], Usage]
"""Usage by account and day."""


async def lock_purses(transaction: Transaction, accounts: Collection[int]) -> dict[int, Purse]:
    """Return the purses of accounts, each made when it is new; nobody else changes them now."""
    ordered = sorted(set(accounts))
    if not ordered:
        return {}
    await transaction.execute_many(statements.OPEN, [{"account_id": one} for one in ordered])
    rows = await transaction.fetch(statements.LOCK, {"accounts": ordered})
    return {row["account_id"]: _purse(row) for row in rows}


async def store_purses(transaction: Transaction, purses: Collection[Purse]) -> None:
    """Write purses that are locked."""
    await transaction.execute_many(
        statements.STORE,
        [
            {
                "of_account": one.account_id,
                "to_free_used": one.free_used,
                "to_month": one.month,
                "to_month_paid": one.month_paid,
                "to_balance": one.balance,
            }
            for one in purses
        ],
    )


async def count_usage(transaction: Transaction, used: Used) -> None:
    """Add to the meters."""
    await transaction.execute_many(
        statements.COUNT,
        [
            {"account_id": account, "day": day} | usage._asdict()
            for (account, day), usage in sorted(used.items())
        ],
    )


async def give_back(
    transaction: Transaction, unsent: Mapping[tuple[int, str], int], *, prepaid: bool
) -> None:
    """Take mails that were accepted and then not sent off the meters of the days they came in.

    With `prepaid` what they cost goes back to the balances. Free mails become free again.
    """
    if not unsent:
        return
    accounts = {account for account, _ in unsent}
    purses = await lock_purses(transaction, accounts)
    days = sorted({day for _, day in unsent})
    rows = await transaction.fetch(
        statements.LOCK_DAYS, {"accounts": sorted(accounts), "days": days}
    )
    lowered: list[dict[str, object]] = []
    for row in rows:
        account, day = row["account_id"], row["day"]
        usage = returned(_usage(row), unsent.get((account, day), 0))
        if not usage.mails:
            continue
        lowered.append(
            {"of_account": account, "of_day": day}
            | {f"less_{name}": number for name, number in usage._asdict().items()}
        )
        purses[account] = _refunded(purses[account], usage, day[:7], prepaid=prepaid)
    await transaction.execute_many(statements.LOWER, lowered)
    await store_purses(transaction, purses.values())


class BillingStore:
    """Meters and credits in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def month(self, account_id: int, month: str) -> list[tuple[str, Usage]]:
        """Return the days of a month ("YYYY-MM") on which something was counted."""
        values = {"account": account_id, "first": f"{month}-01", "last": f"{month}-31"}
        async with self._database.read() as transaction:
            rows = await transaction.fetch(statements.MONTH, values)
        return [(row["day"], _usage(row)) for row in rows]

    async def credits(self, account_id: int, period: tuple[int, int]) -> Sequence[Credit]:
        """Return the credits of [begins_at, ends_at), oldest first."""
        values = {"account": account_id, "begins_at": period[0], "ends_at": period[1]}
        async with self._database.read() as transaction:
            rows = await transaction.fetch(statements.CREDITS, values)
        return [
            Credit(id=row["id"], at=row["at"], amount=row["amount"], note=row["note"])
            for row in rows
        ]

    async def balance(self, account_id: int) -> int:
        """Return what an account has left, negative when it owes."""
        async with self._database.read() as transaction:
            row = await transaction.fetch_one(statements.BALANCE, {"account": account_id})
        return int(row["balance"]) if row else 0

    async def purse(self, account_id: int) -> Purse:
        """Return what an account has used up and has left; an empty one before its first mail."""
        async with self._database.read() as transaction:
            row = await transaction.fetch_one(statements.PURSE, {"account": account_id})
        return Purse(account_id=account_id) if row is None else _purse(row)

    async def add_credit(self, account_id: int, amount: int, note: str, now: int) -> int:
        """Put an amount on an account and return the new balance."""
        values = {"account_id": account_id, "at": now, "amount": amount, "note": note}
        async with self._database.write() as transaction:
            purses = await lock_purses(transaction, [account_id])
            await numbers.insert(transaction, statements.INSERT_CREDIT, values)
            await transaction.execute(statements.PAY, {"of_account": account_id, "more": amount})
        return purses[account_id].balance + amount


def _refunded(purse: Purse, usage: Usage, month: str, *, prepaid: bool) -> Purse:
    return Purse(
        account_id=purse.account_id,
        free_used=purse.free_used - usage.free,
        month=purse.month,
        month_paid=purse.month_paid - (usage.paid if purse.month == month else 0),
        balance=purse.balance + (usage.amount if prepaid else 0),
    )


def _purse(row: Row) -> Purse:
    return Purse(
        account_id=row["account_id"],
        free_used=row["free_used"],
        month=row["month"],
        month_paid=row["month_paid"],
        balance=row["balance"],
    )


def _usage(row: Row) -> Usage:
    return Usage(row["mails"], row["free"], row["amount"])
