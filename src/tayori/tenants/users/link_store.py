"""All SQL of links that were sent to somebody. Only hashes of their tokens are stored.

A link is taken away in the transaction that does what it is good for, so it works once, however
many use it at the same time.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, delete, insert, select

from tayori.db.database import Database, IntegrityError, Row, Transaction
from tayori.db.statement import Statement
from tayori.db.tables.users import user_link
from tayori.tenants.users.faults import Fault
from tayori.tenants.users.model import Link, LinkKind, Role, User
from tayori.tenants.users.user_store import (
    find_user,
    insert_member,
    insert_user,
    login_of,
    make_operator,
)

_link = user_link.c
_ADD = Statement(
    insert(user_link)
    .values({column.name: bindparam(column.name) for column in _link if column.name != "id"})
    .returning(*_link)
)
_FIND = Statement(
    select(user_link).where(
        _link.token_hash == bindparam("token_hash"), _link.expires_at > bindparam("now")
    )
)
_TAKE = Statement(
    delete(user_link)
    .where(_link.token_hash == bindparam("token_hash"), _link.expires_at > bindparam("now"))
    .returning(*_link)
)
_REPLACE = Statement(
    delete(user_link).where(
        _link.login == bindparam("of_login"),
        _link.kind == bindparam("of_kind"),
        _link.account_id.is_not_distinct_from(bindparam("of_account")),
    )
)
_OF_ACCOUNT = Statement(
    select(user_link)
    .where(_link.account_id == bindparam("of_account"), _link.expires_at > bindparam("now"))
    .order_by(_link.id)
)
_WITHDRAW = Statement(
    delete(user_link)
    .where(_link.id == bindparam("link_id"), _link.account_id == bindparam("of_account"))
    .returning(*_link)
)
_SWEEP = Statement(delete(user_link).where(_link.expires_at <= bindparam("now")))


class LinkStore:
    """Keeps links until they are used or have expired."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, link: Link, token_hash: str) -> Link | None:
        """Store a link in place of an earlier one for the same purpose.

        `id` is filled in. None when there is no such account.
        """
        values = _values(link, token_hash)
        of = {
            "of_login": values["login"],
            "of_kind": link.kind.value,
            "of_account": link.account_id,
        }
        try:
            async with self._database.write() as transaction:
                await transaction.execute(_REPLACE, of)
                row = await transaction.fetch_one(_ADD, values)
        except IntegrityError:
            return None
        return None if row is None else _link_of(row)

    async def find(self, token_hash: str, now: int) -> Link | None:
        """Return the link of a token that still works."""
        async with self._database.read() as transaction:
            row = await transaction.fetch_one(_FIND, {"token_hash": token_hash, "now": now})
        return None if row is None else _link_of(row)

    async def of_account(self, account_id: int, now: int) -> list[Link]:
        """Return the invitations to an account that still work, oldest first."""
        values = {"of_account": account_id, "now": now}
        async with self._database.read() as transaction:
            return [_link_of(row) for row in await transaction.fetch(_OF_ACCOUNT, values)]

    async def withdraw(self, account_id: int, link_id: int) -> Link | None:
        """Delete an invitation to this account and return it; None when there is none."""
        values = {"link_id": link_id, "of_account": account_id}
        async with self._database.write() as transaction:
            row = await transaction.fetch_one(_WITHDRAW, values)
        return None if row is None else _link_of(row)

    async def take(self, token_hash: str, kind: LinkKind, now: int) -> Link | None:
        """Take a link of this kind away and return it; None when it works no longer."""
        async with self._database.write() as transaction:
            return await _taken(transaction, token_hash, {kind}, now)

    async def accept(
        self, token_hash: str, newcomer: User, password_hash: str, now: int
    ) -> User | Fault:
        """Let the one who was invited in, as a new user or as the one with that address.

        `newcomer` is what a new user is made of; its address counts only where the link has none.
        """
        kinds = {LinkKind.INVITATION, LinkKind.FIRST_OPERATOR}
        try:
            async with self._database.write() as transaction:
                link = await _taken(transaction, token_hash, kinds, now)
                if link is None:
                    return Fault.LINK
                user = await find_user(transaction, newcomer.email)
                if user is None:
                    user = await insert_user(transaction, newcomer, password_hash)
                elif link.operator:
                    await make_operator(transaction, user.id)
                if link.account_id is not None and link.role is not None:
                    await insert_member(transaction, user.id, link.account_id, link.role, now)
        except IntegrityError:
            return Fault.EMAIL_TAKEN
        return user

    async def sweep(self, now: int) -> None:
        """Delete what has expired."""
        async with self._database.write() as transaction:
            await transaction.execute(_SWEEP, {"now": now})


async def _taken(
    transaction: Transaction, token_hash: str, kinds: set[LinkKind], now: int
) -> Link | None:
    found = await transaction.fetch_one(_FIND, {"token_hash": token_hash, "now": now})
    if found is None or LinkKind(found["kind"]) not in kinds:
        return None
    row = await transaction.fetch_one(_TAKE, {"token_hash": token_hash, "now": now})
    return None if row is None else _link_of(row)


def _values(link: Link, token_hash: str) -> Mapping[str, Any]:
    return {
        "token_hash": token_hash,
        "kind": link.kind.value,
        "login": login_of(link.email),
        "email": link.email,
        "operator": link.operator,
        "account_id": link.account_id,
        "role": link.role.value if link.role else None,
        "language": link.language,
        "invited_by": link.invited_by,
        "created_at": link.created_at,
        "expires_at": link.expires_at,
    }


def _link_of(row: Row) -> Link:
    return Link(
        id=row["id"],
        kind=LinkKind(row["kind"]),
        email=row["email"],
        operator=bool(row["operator"]),
        account_id=row["account_id"],
        role=Role(row["role"]) if row["role"] else None,
        language=row["language"],
        invited_by=row["invited_by"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
    )
