"""All SQL for senders.

Every statement is scoped by the account, but for the one that finds who logs in by SMTP: there the
address, which only one account can have, says who it is.
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, delete, func, insert, select, update

from tayori.catalog.model import Sender
from tayori.db import numbers
from tayori.db.database import Database, IntegrityError, Row
from tayori.db.group import GroupCommit
from tayori.db.statement import LIKE_ESCAPE, Statement, among, like_text
from tayori.db.tables.catalog import sender
from tayori.db.tables.tenants import identity
from tayori.mail.address import Address, parse_address
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import say

_DOMAIN_LOCKED = Statement(
    select(identity.c.id, identity.c.verified)
    .where(
        identity.c.account_id == bindparam("account_id"), identity.c.domain == bindparam("domain")
    )
    .with_for_update()
)
_COUNT = Statement(
    select(func.count().label("n"))
    .select_from(sender)
    .where(
        sender.c.account_id == bindparam("account_id"),
        sender.c.identity_id == bindparam("identity_id"),
    )
)
_ADD = Statement(
    insert(sender).values(
        account_id=bindparam("account_id"),
        identity_id=bindparam("identity_id"),
        address=bindparam("address"),
        display_name=bindparam("display_name"),
        created_at=bindparam("created_at"),
    )
)
_ONE = Statement(
    select(sender).where(
        sender.c.account_id == bindparam("account_id"), sender.c.address == bindparam("address")
    )
)
_BY_ADDRESS = Statement(select(sender).where(among(sender.c.address, "addresses")))
_SET_PASSWORD = Statement(
    update(sender)
    .where(sender.c.account_id == bindparam("owner"), sender.c.address == bindparam("found"))
    .values(smtp_password_hash=bindparam("hashed"))
)
_ALL = Statement(
    select(sender)
    .where(sender.c.account_id == bindparam("account_id"))
    .order_by(sender.c.id.desc())
)
_FOUND = (sender.c.account_id == bindparam("account_id")) & (
    sender.c.address.like(bindparam("pattern"), escape=LIKE_ESCAPE)
    | func.lower(sender.c.display_name).like(bindparam("pattern"), escape=LIKE_ESCAPE)
)
_ORDERS: Final = {
    "address": (sender.c.address,),
    "-address": (sender.c.address.desc(),),
    "created": (sender.c.id,),
    "-created": (sender.c.id.desc(),),
}
_PAGES: Final = {
    order: Statement(
        select(sender)
        .where(_FOUND)
        .order_by(*columns)
        .limit(bindparam("most"))
        .offset(bindparam("skip"))
    )
    for order, columns in _ORDERS.items()
}
_COUNT_FOUND = Statement(select(func.count().label("total")).select_from(sender).where(_FOUND))
_SET_NAME = Statement(
    update(sender)
    .where(sender.c.account_id == bindparam("owner"), sender.c.address == bindparam("found"))
    .values(display_name=bindparam("named"))
)
_DELETE = Statement(
    delete(sender).where(
        sender.c.account_id == bindparam("account_id"), sender.c.address == bindparam("address")
    )
)


class SenderStore:
    """Reads and changes senders; each call is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._logins: GroupCommit[Address, Sender | None] = GroupCommit(self._by_addresses)

    async def add(
        self, account_id: int, address: Address, display_name: str, now: int, *, most: int
    ) -> Sender | Refusal:
        """Store a sender on the account's verified domain, which has at most `most` (0 = any)."""
        values = {"account_id": account_id, "address": address.addr}
        try:
            async with self._database.write() as transaction:
                # The lock makes requests for one domain count each other's senders, and keeps the
                # domain from being deleted meanwhile.
                domain = await transaction.fetch_one(
                    _DOMAIN_LOCKED, {"account_id": account_id, "domain": address.domain}
                )
                if domain is None or not domain["verified"]:
                    return _unverified(address.domain)
                if await transaction.fetch_one(_ONE, values) is not None:
                    return _repeated(address)
                place = {"account_id": account_id, "identity_id": domain["id"]}
                counted = await transaction.fetch_one(_COUNT, place)
                if most and counted is not None and counted["n"] >= most:
                    return refuse(Code.OPERATION_DENIED__EXCEED_SENDER_LIMIT, limit=most)
                new = {"display_name": display_name, "created_at": now}
                await transaction.execute(_ADD, values | place | new)
                row = await transaction.fetch_one(_ONE, values)
        except IntegrityError:
            return _repeated(address)
        return _repeated(address) if row is None else _sender(row)

    async def get(self, account_id: int, address: Address) -> Sender | None:
        """Return the account's sender with this address."""
        values = {"account_id": account_id, "address": address.addr}
        async with self._database.read() as transaction:
            row = await transaction.fetch_one(_ONE, values)
        return None if row is None else _sender(row)

    async def by_address(self, address: Address) -> Sender | None:
        """Return the sender with this address, whoever owns it: for log-ins only.

        Log-ins that come while others are looked up share the next transaction.
        """
        return await self._logins.put(address)

    async def _by_addresses(self, asked: Sequence[Address]) -> list[Sender | None]:
        addresses = sorted({address.addr for address in asked})
        async with self._database.read() as transaction:
            rows = await transaction.fetch(_BY_ADDRESS, {"addresses": addresses})
        found = {row["address"]: _sender(row) for row in rows}
        return [found.get(address.addr) for address in asked]

    async def set_password(self, account_id: int, address: Address, hashed: str) -> bool:
        """Store the hash of an SMTP password; False when the account has no such sender."""
        values = {"owner": account_id, "found": address.addr, "hashed": hashed}
        async with self._database.write() as transaction:
            return await transaction.execute(_SET_PASSWORD, values) == 1

    async def all(self, account_id: int) -> list[Sender]:
        """Return the account's senders, newest first."""
        async with self._database.read() as transaction:
            rows = await transaction.fetch(_ALL, {"account_id": account_id})
        return [_sender(row) for row in rows]

    async def page(
        self, account_id: int, text: str, order: str, page: tuple[int, int]
    ) -> tuple[list[Sender], int]:
        """Return a page (offset, limit) of senders with `text` in address or name, and how many.

        `order` is "address", "-address", "created" or "-created" (newest first).
        """
        values = {"account_id": account_id, "pattern": f"%{like_text(text.lower())}%"}
        async with self._database.read() as transaction:
            rows = await transaction.fetch(
                _PAGES[order], values | {"skip": page[0], "most": page[1]}
            )
            total = await numbers.total(transaction, _COUNT_FOUND, values)
        return [_sender(row) for row in rows], total

    async def set_display_name(self, account_id: int, address: Address, name: str) -> bool:
        """Change the name beside the address; False when the account has no such sender."""
        values = {"owner": account_id, "found": address.addr, "named": name}
        async with self._database.write() as transaction:
            return await transaction.execute(_SET_NAME, values) == 1

    async def delete(self, account_id: int, address: Address) -> bool:
        """Delete a sender; False when the account has none with this address."""
        values = {"account_id": account_id, "address": address.addr}
        async with self._database.write() as transaction:
            return await transaction.execute(_DELETE, values) == 1


def _unverified(domain: str) -> Refusal:
    return refuse(
        Code.OPERATION_DENIED__DOMAIN_NOT_VERIFIED,
        say("{domain} is not a verified domain of this account.", domain=domain),
        domain=domain,
    )


def _repeated(address: Address) -> Refusal:
    return refuse(
        Code.INVALID_PARAMETER_VALUE__REPEAT_EMAIL_ADDRESS,
        say("The sender {address} exists already.", address=address.addr),
        address=address.addr,
    )


def _sender(row: Row) -> Sender:
    address = parse_address(row["address"])
    if not isinstance(address, Address):
        raise TypeError(f"The stored sender {row['id']} has no valid address.")
    return Sender(
        id=row["id"],
        account_id=row["account_id"],
        identity_id=row["identity_id"],
        address=address,
        display_name=row["display_name"],
        smtp_password_hash=row["smtp_password_hash"],
        created_at=row["created_at"],
    )
