"""All SQL of users and their memberships in accounts.

A change that needs something to stay true (an account keeps an owner, the service an operator)
locks what it counts, so that two changes at once cannot both pass.
"""

from typing import Final

from sqlalchemy import bindparam, delete, insert, select, update

from tayori.db.database import Database, IntegrityError, Row, Transaction
from tayori.db.statement import Statement
from tayori.db.tables.users import console_session, console_user, membership
from tayori.tenants.users.faults import Fault
from tayori.tenants.users.model import Member, Role, User

_user = console_user.c
_member = membership.c
NO_PASSWORD: Final = ""

_ADD = Statement(
    insert(console_user)
    .values(
        login=bindparam("login"),
        email=bindparam("email"),
        name=bindparam("name"),
        language=bindparam("language"),
        zone=bindparam("zone"),
        operator=bindparam("operator"),
        password_hash=bindparam("password_hash"),
        created_at=bindparam("now"),
        totp_step=0,
    )
    .returning(*console_user.c)
)
_BY_ID = Statement(select(console_user).where(_user.id == bindparam("user_id")))
_BY_LOGIN = Statement(select(console_user).where(_user.login == bindparam("login")))
_ALL = Statement(
    select(console_user)
    .where(_user.id > bindparam("after"))
    .order_by(_user.id)
    .limit(bindparam("most"))
)
_MEMBERS = Statement(
    select(console_user, _member.account_id, _member.role, _member.created_at.label("since"))
    .select_from(membership.join(console_user, _user.id == _member.user_id))
    .where(_member.account_id == bindparam("account_id"))
    .order_by(_member.user_id)
)
_MEMBERSHIPS = Statement(
    select(membership).where(_member.user_id == bindparam("user_id")).order_by(_member.account_id)
)
_PROFILE = Statement(
    update(console_user)
    .where(_user.id == bindparam("user_id"))
    .values(name=bindparam("name"), language=bindparam("language"), zone=bindparam("zone"))
)
_PASSWORD = Statement(
    update(console_user)
    .where(_user.id == bindparam("user_id"))
    .values(password_hash=bindparam("password_hash"))
)
_SUSPEND = Statement(
    update(console_user)
    .where(_user.id == bindparam("user_id"))
    .values(suspended_at=bindparam("suspended_at"))
)
_OPERATOR = Statement(
    update(console_user)
    .where(_user.id == bindparam("user_id"))
    .values(operator=bindparam("operator"))
)
_LOCK_OPERATORS = Statement(
    select(_user.id)
    .where(_user.operator == bindparam("is_operator"), _user.suspended_at.is_(None))
    .with_for_update()
)
_ANY_OPERATOR = Statement(
    select(_user.id).where(_user.operator == bindparam("is_operator")).limit(1)
)
_LOCK_OWNERS = Statement(
    select(_member.user_id)
    .where(_member.account_id == bindparam("account_id"), _member.role == Role.OWNER.value)
    .with_for_update()
)
_ONE_MEMBER = Statement(
    select(membership).where(
        _member.user_id == bindparam("user_id"), _member.account_id == bindparam("account_id")
    )
)
_JOIN = Statement(
    insert(membership).values(
        user_id=bindparam("user_id"),
        account_id=bindparam("account_id"),
        role=bindparam("role"),
        created_at=bindparam("now"),
    )
)
_ROLE = Statement(
    update(membership)
    .where(_member.user_id == bindparam("of_user"), _member.account_id == bindparam("of_account"))
    .values(role=bindparam("role"))
)
_LEAVE = Statement(
    delete(membership).where(
        _member.user_id == bindparam("of_user"), _member.account_id == bindparam("of_account")
    )
)
_END_SESSIONS = Statement(
    delete(console_session).where(console_session.c.user_id == bindparam("user_id"))
)


class UserStore:
    """Reads and changes users; each call is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, user: User, password_hash: str = NO_PASSWORD) -> User | None:
        """Store a new user (`id` is filled in); None when the address has one already."""
        try:
            async with self._database.write() as transaction:
                return await insert_user(transaction, user, password_hash)
        except IntegrityError:
            return None

    async def by_id(self, user_id: int) -> User | None:
        """Return one user."""
        async with self._database.read() as transaction:
            row = await transaction.fetch_one(_BY_ID, {"user_id": user_id})
        return None if row is None else user_of(row)

    async def by_email(self, email: str) -> tuple[User, str] | None:
        """Return the user of an address in any case, and the hash of the password ("" = none)."""
        async with self._database.read() as transaction:
            row = await transaction.fetch_one(_BY_LOGIN, {"login": login_of(email)})
        return None if row is None else (user_of(row), row["password_hash"])

    async def all(self, *, after: int = 0, most: int = 100) -> list[User]:
        """Return users in the order of their ids, from the one behind `after`."""
        async with self._database.read() as transaction:
            rows = await transaction.fetch(_ALL, {"after": after, "most": most})
        return [user_of(row) for row in rows]

    async def any_operator(self) -> bool:
        """Tell whether there is an operator, suspended or not."""
        async with self._database.read() as transaction:
            return await transaction.fetch_one(_ANY_OPERATOR, {"is_operator": True}) is not None

    async def members(self, account_id: int) -> list[Member]:
        """Return the users of an account, oldest first."""
        async with self._database.read() as transaction:
            rows = await transaction.fetch(_MEMBERS, {"account_id": account_id})
        return [
            Member(
                user=user_of(row),
                account_id=account_id,
                role=Role(row["role"]),
                since=row["since"],
            )
            for row in rows
        ]

    async def memberships(self, user_id: int) -> dict[int, Role]:
        """Return what a user is, by account id."""
        async with self._database.read() as transaction:
            rows = await transaction.fetch(_MEMBERSHIPS, {"user_id": user_id})
        return {row["account_id"]: Role(row["role"]) for row in rows}

    async def role(self, user_id: int, account_id: int) -> Role | None:
        """Return what a user is in an account."""
        values = {"user_id": user_id, "account_id": account_id}
        async with self._database.read() as transaction:
            row = await transaction.fetch_one(_ONE_MEMBER, values)
        return None if row is None else Role(row["role"])

    async def set_profile(self, user_id: int, *, name: str, language: str, zone: str) -> None:
        """Change what a user may change of the own profile."""
        values = {"user_id": user_id, "name": name, "language": language, "zone": zone}
        async with self._database.write() as transaction:
            await transaction.execute(_PROFILE, values)

    async def set_password(self, user_id: int, password_hash: str) -> None:
        """Replace the hash of the password."""
        values = {"user_id": user_id, "password_hash": password_hash}
        async with self._database.write() as transaction:
            await transaction.execute(_PASSWORD, values)

    async def suspend(self, user_id: int, at: int) -> Fault | None:
        """Keep a user out and end all sessions; the last operator stays."""
        async with self._database.write() as transaction:
            if await _is_last_operator(transaction, user_id):
                return Fault.LAST_OPERATOR
            await transaction.execute(_SUSPEND, {"user_id": user_id, "suspended_at": at})
            await transaction.execute(_END_SESSIONS, {"user_id": user_id})
        return None

    async def resume(self, user_id: int) -> None:
        """Let a user in again."""
        async with self._database.write() as transaction:
            await transaction.execute(_SUSPEND, {"user_id": user_id, "suspended_at": None})

    async def set_operator(self, user_id: int, *, operator: bool) -> Fault | None:
        """Make somebody operator, or no longer; all sessions of the user end."""
        async with self._database.write() as transaction:
            if not operator and await _is_last_operator(transaction, user_id):
                return Fault.LAST_OPERATOR
            await transaction.execute(_OPERATOR, {"user_id": user_id, "operator": operator})
            await transaction.execute(_END_SESSIONS, {"user_id": user_id})
        return None

    async def join(self, user_id: int, account_id: int, role: Role, now: int) -> Fault | None:
        """Make a user a member of an account."""
        try:
            async with self._database.write() as transaction:
                return await insert_member(transaction, user_id, account_id, role, now)
        except IntegrityError:
            joined = await self.role(user_id, account_id) is not None
            return Fault.MEMBER_ALREADY if joined else Fault.NO_ACCOUNT

    async def set_role(self, user_id: int, account_id: int, role: Role) -> Role | Fault:
        """Change the role of a member, and return the one before; all sessions of the user end.

        So the token of a log-in never lives through a change of its rights.
        """
        return await self._change(user_id, account_id, role)

    async def leave(self, user_id: int, account_id: int) -> Role | Fault:
        """End a membership, and return the role it had; all sessions of the user end."""
        return await self._change(user_id, account_id, None)

    async def _change(self, user_id: int, account_id: int, role: Role | None) -> Role | Fault:
        key = {"user_id": user_id, "account_id": account_id}
        of = {"of_user": user_id, "of_account": account_id}
        async with self._database.write() as transaction:
            owners = await transaction.fetch(_LOCK_OWNERS, {"account_id": account_id})
            row = await transaction.fetch_one(_ONE_MEMBER, key)
            if row is None:
                return Fault.NO_MEMBER
            before = Role(row["role"])
            if before is Role.OWNER and role is not Role.OWNER and len(owners) == 1:
                return Fault.LAST_OWNER
            if role is None:
                await transaction.execute(_LEAVE, of)
            else:
                await transaction.execute(_ROLE, {**of, "role": role.value})
            if role is not before:
                await transaction.execute(_END_SESSIONS, {"user_id": user_id})
        return before


async def insert_user(transaction: Transaction, user: User, password_hash: str) -> User:
    """Store a new user and return it with its id; IntegrityError when the address is taken."""
    values = {
        "login": login_of(user.email),
        "email": user.email,
        "name": user.name,
        "language": user.language,
        "zone": user.zone,
        "operator": user.operator,
        "password_hash": password_hash,
        "now": user.created_at,
    }
    row = await transaction.fetch_one(_ADD, values)
    if row is None:
        raise LookupError("A user that was just written cannot be found.")
    return user_of(row)


async def insert_member(
    transaction: Transaction, user_id: int, account_id: int, role: Role, now: int
) -> Fault | None:
    """Make a user a member; IntegrityError when another request did, or there is no such row."""
    values = {"user_id": user_id, "account_id": account_id, "role": role.value, "now": now}
    if await transaction.fetch_one(_ONE_MEMBER, values) is not None:
        return Fault.MEMBER_ALREADY
    await transaction.execute(_JOIN, values)
    return None


async def find_user(transaction: Transaction, email: str) -> User | None:
    """Return the user of an address."""
    row = await transaction.fetch_one(_BY_LOGIN, {"login": login_of(email)})
    return None if row is None else user_of(row)


async def make_operator(transaction: Transaction, user_id: int) -> None:
    """Make somebody operator."""
    await transaction.execute(_OPERATOR, {"user_id": user_id, "operator": True})


async def _is_last_operator(transaction: Transaction, user_id: int) -> bool:
    rows = await transaction.fetch(_LOCK_OPERATORS, {"is_operator": True})
    return [row["id"] for row in rows] == [user_id]


def login_of(email: str) -> str:
    """Return the form of an address by which its user is found."""
    return email.strip().casefold()


def user_of(row: Row) -> User:
    """Return the user of a row that has the columns of `console_user`."""
    return User(
        id=row["id"],
        email=row["email"],
        name=row["name"],
        language=row["language"],
        zone=row["zone"],
        operator=bool(row["operator"]),
        created_at=row["created_at"],
        suspended_at=row["suspended_at"],
        second_factor=row["totp_since"] is not None,
        has_password=row["password_hash"] != NO_PASSWORD,
    )
