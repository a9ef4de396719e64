"""All SQL of sessions. Only hashes of tokens are stored."""

from typing import Any

from sqlalchemy import and_, bindparam, delete, insert, select, update

from tayori.db.database import Database, IntegrityError, Row
from tayori.db.statement import Statement
from tayori.db.tables.users import console_session, console_user, membership
from tayori.tenants.users.model import Role, Session
from tayori.tenants.users.user_store import user_of

_session = console_session.c
_NAMES = ("id", "csrf", "complete", "created_at", "seen_at", "expires_at", "address", "agent")
_FOUND = (
    select(
        console_user,
        _session.account_id,
        membership.c.role,
        *(_session[name].label(f"session_{name}") for name in _NAMES),
    )
    .select_from(
        console_session.join(console_user, console_user.c.id == _session.user_id).outerjoin(
            membership,
            and_(
                membership.c.user_id == _session.user_id,
                membership.c.account_id == _session.account_id,
            ),
        )
    )
    .where(
        _session.expires_at > bindparam("now"),
        _session.seen_at > bindparam("idle_since"),
        console_user.c.suspended_at.is_(None),
    )
)
_ADD = Statement(
    insert(console_session)
    .values(
        token_hash=bindparam("token_hash"),
        user_id=bindparam("user_id"),
        csrf=bindparam("csrf"),
        complete=bindparam("complete"),
        created_at=bindparam("now"),
        seen_at=bindparam("now"),
        expires_at=bindparam("expires_at"),
        address=bindparam("address"),
        agent=bindparam("agent"),
    )
    .returning(_session.id)
)
_FIND = Statement(_FOUND.where(_session.token_hash == bindparam("token_hash")))
_OF_USER = Statement(
    _FOUND.where(_session.user_id == bindparam("user_id")).order_by(_session.id.desc())
)
_SEEN = Statement(
    update(console_session)
    .where(_session.id == bindparam("session_id"))
    .values(seen_at=bindparam("now"))
)
_ROTATE = Statement(
    update(console_session)
    .where(_session.token_hash == bindparam("old_hash"))
    .values(token_hash=bindparam("new_hash"), csrf=bindparam("new_csrf"))
)
_COMPLETE = Statement(
    update(console_session)
    .where(_session.token_hash == bindparam("old_hash"))
    .values(
        token_hash=bindparam("new_hash"), csrf=bindparam("new_csrf"), complete=bindparam("done")
    )
)
_ENTER = Statement(
    update(console_session)
    .where(_session.id == bindparam("session_id"))
    .values(account_id=bindparam("entered"))
)
_END = Statement(delete(console_session).where(_session.token_hash == bindparam("old_hash")))
_END_ONE = Statement(
    delete(console_session).where(
        _session.id == bindparam("session_id"), _session.user_id == bindparam("of_user")
    )
)
_END_OTHERS = Statement(
    delete(console_session).where(
        _session.user_id == bindparam("of_user"), _session.id != bindparam("kept")
    )
)
_SWEEP = Statement(delete(console_session).where(_session.expires_at <= bindparam("now")))


class SessionStore:
    """Keeps sessions; `idle_since` is the instant before which a session has been left alone."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, session: Session, token_hash: str) -> int:
        """Store a new session and return its id."""
        values = {
            "token_hash": token_hash,
            "user_id": session.user.id,
            "csrf": session.csrf,
            "complete": session.complete,
            "now": session.created_at,
            "expires_at": session.expires_at,
            "address": session.address,
            "agent": session.agent,
        }
        async with self._database.write() as transaction:
            row = await transaction.fetch_one(_ADD, values)
        if row is None:
            raise LookupError("A session that was just written cannot be found.")
        return int(row["id"])

    async def find(self, token_hash: str, *, now: int, idle_since: int) -> Session | None:
        """Return the session of a token that is still good, of a user who may come in."""
        values = {"token_hash": token_hash, "now": now, "idle_since": idle_since}
        async with self._database.read() as transaction:
            row = await transaction.fetch_one(_FIND, values)
        return None if row is None else _session_of(row)

    async def of_user(self, user_id: int, *, now: int, idle_since: int) -> list[Session]:
        """Return the sessions of a user that are still good, newest first."""
        values = {"user_id": user_id, "now": now, "idle_since": idle_since}
        async with self._database.read() as transaction:
            return [_session_of(row) for row in await transaction.fetch(_OF_USER, values)]

    async def seen(self, session_id: int, now: int) -> None:
        """Note when the session was used last."""
        await self._change(_SEEN, {"session_id": session_id, "now": now})

    async def rotate(self, old_hash: str, new_hash: str, csrf: str, *, complete: bool) -> bool:
        """Replace token and CSRF token, and with `complete` note the second factor."""
        values = {"old_hash": old_hash, "new_hash": new_hash, "new_csrf": csrf, "done": True}
        return await self._change(_COMPLETE if complete else _ROTATE, values) == 1

    async def enter(self, session_id: int, account_id: int | None) -> bool:
        """Note the account whose pages are seen; False when there is no such account."""
        try:
            await self._change(_ENTER, {"session_id": session_id, "entered": account_id})
        except IntegrityError:
            return False
        return True

    async def end(self, token_hash: str) -> None:
        """Delete one session."""
        await self._change(_END, {"old_hash": token_hash})

    async def end_one(self, user_id: int, session_id: int) -> bool:
        """Delete a session of this user; False when it is not there."""
        return await self._change(_END_ONE, {"of_user": user_id, "session_id": session_id}) == 1

    async def end_others(self, user_id: int, kept: int) -> int:
        """Delete all sessions of a user but one (0 = all), and return how many."""
        return await self._change(_END_OTHERS, {"of_user": user_id, "kept": kept})

    async def sweep(self, now: int) -> int:
        """Delete what has expired, and return how many."""
        return await self._change(_SWEEP, {"now": now})

    async def _change(self, statement: Statement, values: dict[str, Any]) -> int:
        async with self._database.write() as transaction:
            return await transaction.execute(statement, values)


def _session_of(row: Row) -> Session:
    user = user_of(row)
    role = Role(row["role"]) if row["role"] is not None else None
    if user.operator and row["account_id"] is not None:
        role = Role.OPERATOR
    return Session(
        id=row["session_id"],
        user=user,
        account_id=row["account_id"] if role is not None else None,
        role=role,
        csrf=row["session_csrf"],
        complete=bool(row["session_complete"]),
        created_at=row["session_created_at"],
        seen_at=row["session_seen_at"],
        expires_at=row["session_expires_at"],
        address=row["session_address"],
        agent=row["session_agent"],
    )
