"""All SQL for accounts, their permissions and their credentials.

SecretKeys are sealed under the context "credential:<secret_id>", so a sealed secret that was moved
to another row does not open. A change to an account that does not exist touches nothing.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec
from sqlalchemy import ColumnElement, bindparam, delete, func, insert, or_, select, update

from tayori.db.database import Database, IntegrityError, Row, Transaction
from tayori.db.statement import LIKE_ESCAPE, Statement, among, like_text
from tayori.db.tables.tenants import account, account_permission, credential
from tayori.refusal.saying import Saying, keep, recall
from tayori.runtime.secrets import SecretBox
from tayori.tenants.model import Access, Account, Credential, Permission, Scope

APP_ID_OFFSET = 1_300_000_000
"""An AppId is the account's number plus this; clients expect ten digits."""
LATEST = 2**62

_ADD = Statement(
    insert(account)
    .values(
        # The final number needs the row's id; until then every newcomer holds the same place,
        # which the unique key makes wait until the one before has left it.
        app_id=0,
        name=bindparam("name"),
        created_at=bindparam("created_at"),
        suspended_reason="",
    )
    .returning(account.c.id)
)
_NUMBER = Statement(
    update(account)
    .where(account.c.id == bindparam("account_id"))
    .values(app_id=account.c.id + APP_ID_OFFSET)
)
_ALL = Statement(select(account).order_by(account.c.id))
_BY_ID = Statement(select(account).where(account.c.id == bindparam("account_id")))
_BY_NAME = Statement(select(account).where(account.c.name == bindparam("account_name")))
_NAMES = Statement(select(account.c.id, account.c.name).where(among(account.c.id, "account_ids")))
_SUSPEND = Statement(
    update(account)
    .where(account.c.id == bindparam("account_id"))
    .values(suspended_at=bindparam("suspended_at"), suspended_reason=bindparam("reason"))
)
_PERMISSIONS = Statement(
    select(account_permission).where(among(account_permission.c.account_id, "account_ids"))
)
_GRANT = Statement(
    insert(account_permission).values(
        account_id=bindparam("account_id"), permission=bindparam("permission")
    )
)
_REVOKE = Statement(
    delete(account_permission).where(
        account_permission.c.account_id == bindparam("account_id"),
        account_permission.c.permission == bindparam("permission"),
    )
)
_ADD_CREDENTIAL = Statement(
    insert(credential)
    .values(
        account_id=bindparam("account_id"),
        secret_id=bindparam("secret_id"),
        secret_sealed=bindparam("secret_sealed"),
        scope=bindparam("scope"),
        networks=bindparam("networks"),
        created_at=bindparam("created_at"),
    )
    .returning(credential.c.id)
)
_LIVE_CREDENTIAL = Statement(
    select(credential).where(
        credential.c.secret_id == bindparam("secret_id"), credential.c.revoked_at.is_(None)
    )
)
_CREDENTIALS = Statement(
    select(credential)
    .where(credential.c.account_id == bindparam("account_id"))
    .order_by(credential.c.id)
)
_REVOKE_CREDENTIAL = Statement(
    update(credential)
    .where(
        credential.c.account_id == bindparam("owner_id"),
        credential.c.secret_id == bindparam("secret_id"),
        credential.c.revoked_at.is_(None),
    )
    .values(revoked_at=bindparam("now"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Which accounts are meant: a part of the name, or an id or AppId; None does not matter."""

    text: str = ""
    suspended: bool | None = None
    before: int = LATEST
    """Only those with a smaller id."""


class AccountStore:
    """Reads and changes accounts and credentials; each call is one transaction."""

    def __init__(self, database: Database, box: SecretBox) -> None:
        self._database = database
        self._box = box

    async def add(
        self, name: str, permissions: Iterable[Permission], key: Credential, now: int
    ) -> Access | None:
        """Store a new account and its first credential; None when the name is taken.

        `key.id` and `key.account_id` are filled in by the database.
        """
        try:
            async with self._database.write() as transaction:
                row = await transaction.fetch_one(_ADD, {"name": name, "created_at": now})
                account_id = int(_present(row)["id"])
                await transaction.execute(_NUMBER, {"account_id": account_id})
                await transaction.execute_many(
                    _GRANT, [{"account_id": account_id, "permission": p} for p in set(permissions)]
                )
                stored = await self._insert(transaction, account_id, key)
                found = await _with_permissions(transaction, [await _row(transaction, account_id)])
        except IntegrityError:
            return None
        return Access(account=found[0], credential=stored)

    async def all(self) -> list[Account]:
        """Return every account, oldest first."""
        async with self._database.read() as transaction:
            return await _with_permissions(transaction, await transaction.fetch(_ALL))

    async def page(self, sought: Sought, most: int) -> list[Account]:
        """Return up to `most` accounts that are sought, newest first."""
        # Made for each question: only people ask, and each set of filters has its own plan.
        statement = Statement(
            select(account)
            .where(*_conditions(sought))
            .order_by(account.c.id.desc())
            .limit(bindparam("most"))
        )
        text = sought.text.strip()
        values = {
            "before": sought.before,
            "part": f"%{like_text(text.lower())}%",
            "number": int(text) if re.fullmatch("[0-9]{1,18}", text) else 0,
            "most": most,
        }
        async with self._database.read() as transaction:
            return await _with_permissions(transaction, await transaction.fetch(statement, values))

    async def names(self, account_ids: Iterable[int]) -> dict[int, str]:
        """Return the names of accounts by id; who is not there is left out."""
        wanted = {"account_ids": sorted(set(account_ids))}
        async with self._database.read() as transaction:
            rows = await transaction.fetch(_NAMES, wanted)
        return {row["id"]: row["name"] for row in rows}

    async def by_id(self, account_id: int) -> Account | None:
        """Return one account."""
        async with self._database.read() as transaction:
            rows = await transaction.fetch(_BY_ID, {"account_id": account_id})
            return next(iter(await _with_permissions(transaction, rows)), None)

    async def by_name(self, name: str) -> Account | None:
        """Return one account by its exact name."""
        async with self._database.read() as transaction:
            rows = await transaction.fetch(_BY_NAME, {"account_name": name})
            return next(iter(await _with_permissions(transaction, rows)), None)

    async def set_suspension(self, account_id: int, at: int | None, reason: Saying) -> None:
        """Suspend since `at`, or lift the suspension with None."""
        values = {"account_id": account_id, "suspended_at": at, "reason": keep(reason)}
        async with self._database.write() as transaction:
            await transaction.execute(_SUSPEND, values)

    async def grant(self, account_id: int, permission: Permission) -> None:
        """Grant a permission; granting it again changes nothing."""
        values = {"account_id": account_id, "permission": permission.value}
        async with self._database.write() as transaction:
            await transaction.execute(_REVOKE, values)
            await transaction.execute(_GRANT, values)

    async def revoke(self, account_id: int, permission: Permission) -> None:
        """Take a permission back; taking what was not granted changes nothing."""
        values = {"account_id": account_id, "permission": permission.value}
        async with self._database.write() as transaction:
            await transaction.execute(_REVOKE, values)

    async def add_credential(self, account_id: int, key: Credential) -> Credential:
        """Store a further credential of an account that exists."""
        async with self._database.write() as transaction:
            return await self._insert(transaction, account_id, key)

    async def credentials(self, account_id: int) -> list[Credential]:
        """Return the account's credentials, revoked ones too, oldest first."""
        async with self._database.read() as transaction:
            rows = await transaction.fetch(_CREDENTIALS, {"account_id": account_id})
        return [self._credential(row) for row in rows]

    async def revoke_credential(self, account_id: int, secret_id: str, now: int) -> bool:
        """Revoke a live credential of this account; False when it has no such one."""
        values = {"owner_id": account_id, "secret_id": secret_id, "now": now}
        async with self._database.write() as transaction:
            return await transaction.execute(_REVOKE_CREDENTIAL, values) == 1

    async def access(self, secret_id: str) -> Access | None:
        """Return a live credential with its account; SecretError when it cannot be opened."""
        async with self._database.read() as transaction:
            row = await transaction.fetch_one(_LIVE_CREDENTIAL, {"secret_id": secret_id})
            if row is None:
                return None
            rows = [await _row(transaction, row["account_id"])]
            accounts = await _with_permissions(transaction, rows)
        return Access(account=accounts[0], credential=self._credential(row))

    async def _insert(
        self, transaction: Transaction, account_id: int, key: Credential
    ) -> Credential:
        row = await transaction.fetch_one(
            _ADD_CREDENTIAL,
            {
                "account_id": account_id,
                "secret_id": key.secret_id,
                "secret_sealed": self._box.seal(key.secret, _context(key.secret_id)),
                "scope": key.scope.value,
                "networks": msgspec.json.encode(key.networks).decode(),
                "created_at": key.created_at,
            },
        )
        return Credential(
            id=int(_present(row)["id"]),
            account_id=account_id,
            secret_id=key.secret_id,
            secret=key.secret,
            scope=key.scope,
            networks=key.networks,
            created_at=key.created_at,
            revoked_at=None,
        )

    def _credential(self, row: Row) -> Credential:
        return Credential(
            id=row["id"],
            account_id=row["account_id"],
            secret_id=row["secret_id"],
            secret=self._box.open(row["secret_sealed"], _context(row["secret_id"])),
            scope=Scope(row["scope"]),
            networks=msgspec.json.decode(row["networks"], type=tuple[str, ...]),
            created_at=row["created_at"],
            revoked_at=row["revoked_at"],
        )


def _conditions(sought: Sought) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [account.c.id < bindparam("before")]
    if sought.text.strip():
        name = func.lower(account.c.name).like(bindparam("part"), escape=LIKE_ESCAPE)
        numbers = (column == bindparam("number") for column in (account.c.id, account.c.app_id))
        conditions.append(or_(name, *numbers))
    if sought.suspended is not None:
        since = account.c.suspended_at
        conditions.append(since.is_not(None) if sought.suspended else since.is_(None))
    return conditions


def _context(secret_id: str) -> str:
    return f"credential:{secret_id}"


def _present(row: Row | None) -> Row:
    if row is None:
        raise LookupError("A row that was just written or is referred to cannot be found.")
    return row


async def _row(transaction: Transaction, account_id: int) -> Row:
    return _present(await transaction.fetch_one(_BY_ID, {"account_id": account_id}))


async def _with_permissions(transaction: Transaction, rows: list[Row]) -> list[Account]:
    granted: dict[int, set[Permission]] = {row["id"]: set() for row in rows}
    if rows:
        for row in await transaction.fetch(_PERMISSIONS, {"account_ids": list(granted)}):
            granted[row["account_id"]].add(Permission(row["permission"]))
    return [
        Account(
            id=row["id"],
            app_id=row["app_id"],
            name=row["name"],
            permissions=frozenset(granted[row["id"]]),
            suspended_at=row["suspended_at"],
            suspended_reason=recall(row["suspended_reason"]),
            created_at=row["created_at"],
            pool=row["pool"],
        )
        for row in rows
    ]
