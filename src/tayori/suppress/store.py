"""Reads and writes suppression; the hot look-up is three statements for any number of mails."""

from collections.abc import Iterable, Sequence
from functools import partial

from tayori.db import numbers
from tayori.db.database import Database, IntegrityError, Row, Transaction
from tayori.refusal.saying import recall, say
from tayori.suppress import statements
from tayori.suppress.model import Blocked, CustomEntry, SendStatus, Suppression, Target

EVER = 2**62
"""Later than every moment: stands for "no end" where moments are compared."""


async def find_suppressed(
    transaction: Transaction, targets: Iterable[Target], now: int
) -> dict[Target, Suppression]:
    """Return why targets are not written to; those that may be are absent.

    An unsubscription is the person's own word, so it is told before any list.
    """
    asked = set(targets)
    if not asked:
        return {}
    addresses = sorted({target.address for target in asked})
    accounts = sorted({target.account_id for target in asked})
    domains = sorted({target.domain for target in asked})
    values = {"addresses": addresses, "now": now, "ever": EVER}
    shared, custom, gone = await transaction.fetch_each(
        [
            (statements.SHARED_AMONG, values),
            (statements.CUSTOM_AMONG, values | {"accounts": accounts}),
            (statements.GONE_AMONG, values | {"domains": domains}),
        ]
    )
    reasons = {row["address"]: row["reason"] for row in shared}
    own = {(row["account_id"], row["address"]) for row in custom}
    left = {(row["domain"], row["address"]): row["cause"] for row in gone}
    found = {target: _suppression(target, reasons, own, left) for target in asked}
    return {target: reason for target, reason in found.items() if reason is not None}


def _suppression(
    target: Target,
    reasons: dict[str, str],
    own: set[tuple[int, str]],
    left: dict[tuple[str, str], str | None],
) -> Suppression | None:
    if (target.domain, target.address) in left:
        complained = left[target.domain, target.address] == statements.COMPLAINT
        if complained:
            reason = say(
                "{address} has complained about mail of {domain}.",
                address=target.address,
                domain=target.domain,
            )
        else:
            reason = say(
                "{address} has unsubscribed from mail of {domain}.",
                address=target.address,
                domain=target.domain,
            )
        return Suppression(status=SendStatus.UNSUBSCRIBED, reason=reason)
    if (target.account_id, target.address) in own:
        return Suppression(
            status=SendStatus.BLACKLISTED,
            reason=say("{address} is on the account's own blacklist.", address=target.address),
        )
    if target.address in reasons:
        return Suppression(
            status=SendStatus.BLACKLISTED,
            reason=say(
                "{address} is on the blacklist: {reason}",
                address=target.address,
                reason=recall(reasons[target.address]),
            ),
        )
    return None


async def block(transaction: Transaction, blocked: Sequence[Blocked]) -> None:
    """Put addresses on the shared blacklist; one that is there stays longer."""
    await transaction.execute_many(
        statements.BLOCK,
        [
            {
                "address": item.address,
                "account_id": item.account_id,
                "at": item.at,
                "expires_at": item.expires_at,
                "reason": item.reason,
                "message_id": item.message_id,
            }
            for item in sorted(blocked, key=lambda item: item.address)
        ],
    )


class SuppressStore:
    """The lists in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, targets: Sequence[Target], now: int) -> dict[Target, Suppression]:
        """Return what `find_suppressed` does, in a transaction of its own."""
        return await self._database.look(partial(find_suppressed, targets=targets, now=now))

    async def shared(
        self, account_id: int, period: tuple[int, int], page: tuple[int, int], now: int
    ) -> tuple[list[Blocked], int]:
        """Return a page (offset, limit) of what the account's mail blocked in [first, end)."""
        values = _period(account_id, period, now) | {"skip": page[0], "most": page[1]}
        async with self._database.read() as transaction:
            rows = await transaction.fetch(statements.LIST_SHARED, values)
            total = await numbers.total(transaction, statements.COUNT_SHARED, values)
        return [_blocked(row) for row in rows], total

    async def shared_of(
        self, account_id: int, period: tuple[int, int], address: str, now: int
    ) -> Blocked | None:
        """Return one address that the account's mail blocked in the period."""
        values = _period(account_id, period, now) | {"wanted": address}
        async with self._database.read() as transaction:
            row = await transaction.fetch_one(statements.FIND_SHARED, values)
        return _blocked(row) if row else None

    async def unblock(self, account_id: int, addresses: Sequence[str]) -> int:
        """Take off the shared blacklist what the account's own mail put there; how many."""
        values = {"account": account_id, "addresses": list(addresses)}
        async with self._database.write() as transaction:
            return await transaction.execute(statements.UNBLOCK, values)

    async def sweep(self, now: int) -> int:
        """Forget what has run out; return how many."""
        async with self._database.write() as transaction:
            return await transaction.execute(statements.SWEEP_SHARED, {"now": now})

    async def add_custom(
        self, account_id: int, addresses: Sequence[str], expires_at: int | None, now: int
    ) -> int:
        """Add addresses that differ from each other; return how many were not there before.

        Those that were get the new end.
        """
        values = {"account": account_id, "addresses": list(addresses), "until": expires_at}
        async with self._database.write() as transaction:
            held = await transaction.fetch(statements.HELD_CUSTOM, values)
            known = {row["address"] for row in held}
            await transaction.execute(statements.EXTEND_CUSTOM, values)
            rows = [
                {
                    "account_id": account_id,
                    "address": address,
                    "created_at": now,
                    "expires_at": expires_at,
                }
                for address in addresses
                if address not in known
            ]
            await transaction.execute_many(statements.INSERT_CUSTOM, rows)
        return len(rows)

    async def custom(
        self, account_id: int, status: int, page: tuple[int, int], now: int, address: str = ""
    ) -> tuple[list[CustomEntry], int]:
        """Return a page (offset, limit), newest first; status 0 expired, 1 active, 2 all."""
        form = (status, bool(address))
        values = {
            "account": account_id,
            "now": now,
            "ever": EVER,
            "skip": page[0],
            "most": page[1],
            "wanted": address,
        }
        async with self._database.read() as transaction:
            rows = await transaction.fetch(statements.LIST_CUSTOM[form], values)
            total = await numbers.total(transaction, statements.COUNT_CUSTOM[form], values)
        return [custom_entry(row) for row in rows], total

    async def change_custom(
        self, account_id: int, entry_id: int, address: str, expires_at: int | None
    ) -> bool | None:
        """Change an entry; False when the account has no such entry, None when it has the address.

        An account has an address once, so it cannot be given to a second entry.
        """
        values = {
            "account": account_id,
            "of_id": entry_id,
            "to_address": address,
            "until": expires_at,
        }
        try:
            async with self._database.write() as transaction:
                return await transaction.execute(statements.UPDATE_CUSTOM, values) > 0
        except IntegrityError:
            return None

    async def remove_custom(self, account_id: int, addresses: Sequence[str]) -> int:
        """Remove addresses from the account's own list; return how many were there."""
        values = {"account": account_id, "addresses": list(addresses)}
        async with self._database.write() as transaction:
            return await transaction.execute(statements.DELETE_CUSTOM, values)

    async def unsubscribe(self, target: Target, now: int) -> None:
        """Remember that a person wants no more mail from a sender domain."""
        row = {
            "domain": target.domain,
            "address": target.address,
            "account_id": target.account_id,
            "at": now,
        }
        async with self._database.write() as transaction:
            await transaction.execute(statements.UNSUBSCRIBE, row)

    async def resubscribe(self, domain: str, address: str) -> bool:
        """Undo an unsubscription; False when there was none."""
        values = {"of_domain": domain, "of_address": address}
        async with self._database.write() as transaction:
            return await transaction.execute(statements.RESUBSCRIBE, values) > 0


def _period(account_id: int, period: tuple[int, int], now: int) -> dict[str, int]:
    return {"account": account_id, "first": period[0], "end": period[1], "now": now}


def _blocked(row: Row) -> Blocked:
    return Blocked(
        address=row["address"],
        account_id=row["account_id"],
        at=row["at"],
        expires_at=row["expires_at"],
        reason=row["reason"],
    )


def custom_entry(row: Row) -> CustomEntry:
    """Return an entry of an account's own blacklist as its row has it."""
    return CustomEntry(
        id=row["id"],
        address=row["address"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
    )
