"""Sessions of users in the console: server-side, with a token that only the browser knows.

A token has 256 random bits and is stored as its hash alone. A session ends after a time without a
request, and at the latest some hours after the log-in. Its token changes when its rights do: at
each step of the log-in, and when another account is entered.
"""

import hashlib

from tayori.config.console import ConsoleSettings
from tayori.runtime.clock import HOUR, MINUTE, Clock
from tayori.runtime.ids import Ids
from tayori.tenants.users.model import Role, Session, User
from tayori.tenants.users.session_store import SessionStore
from tayori.tenants.users.user_store import UserStore

MAX_AGENT = 200
"""Characters of a User-Agent field that are kept."""
STEP_MS = 10 * MINUTE
"""Time for the second step of a log-in."""
TOUCH_MS = MINUTE
"""A session in use is written at most once in this time."""


class Sessions:
    """The verbs of sessions."""

    def __init__(
        self,
        *,
        store: SessionStore,
        users: UserStore,
        clock: Clock,
        ids: Ids,
        settings: ConsoleSettings,
    ) -> None:
        self._store = store
        self._users = users
        self._clock = clock
        self._ids = ids
        self._idle_ms = settings.session_idle_minutes * MINUTE
        self._longest_ms = settings.session_hours * HOUR

    async def begin(self, user: User, *, address: str, agent: str) -> tuple[str, Session]:
        """Begin a session after the password was right; return its token and the session.

        It is complete unless the user has a second factor, which `complete` notes.
        """
        now = self._clock.now()
        token = self._ids.token()
        session = Session(
            id=0,
            user=user,
            account_id=None,
            role=None,
            csrf=self._ids.token(),
            complete=not user.second_factor,
            created_at=now,
            seen_at=now,
            expires_at=now + self._longest_ms,
            address=address,
            agent=agent[:MAX_AGENT],
        )
        await self._store.add(session, token_hash(token))
        found = await self.find(token)
        if found is None:
            raise LookupError("A session that was just begun cannot be found.")
        return token, found

    async def find(self, token: str) -> Session | None:
        """Return the session of a token while it lasts, and note that it was used."""
        now = self._clock.now()
        found = await self._store.find(token_hash(token), now=now, idle_since=now - self._idle_ms)
        if found is not None and not found.complete and now - found.created_at > STEP_MS:
            return None
        if found is not None and now - found.seen_at >= TOUCH_MS:
            await self._store.seen(found.id, now)
        return found

    async def complete(self, token: str) -> str | None:
        """Note that the second factor was right; return the new token, None = no such session."""
        return await self._rotated(token, complete=True)

    async def rotate(self, token: str) -> str | None:
        """Give the session a new token and CSRF token; the old ones are worth nothing."""
        return await self._rotated(token, complete=False)

    async def enter(self, session: Session, account_id: int) -> Role | None:
        """Enter an account: operators any, others theirs; None when the user may not.

        The caller rotates the token, because the rights change.
        """
        role: Role | None = Role.OPERATOR
        if not session.user.operator:
            role = await self._users.role(session.user.id, account_id)
        if role is None or not await self._store.enter(session.id, account_id):
            return None
        return role

    async def leave(self, session: Session) -> None:
        """Leave the account that was entered."""
        await self._store.enter(session.id, None)

    async def list(self, user_id: int) -> list[Session]:
        """Return the sessions of a user that last, newest first."""
        now = self._clock.now()
        return await self._store.of_user(user_id, now=now, idle_since=now - self._idle_ms)

    async def end(self, token: str) -> None:
        """End a session."""
        await self._store.end(token_hash(token))

    async def end_one(self, user_id: int, session_id: int) -> bool:
        """End a session of this user by its id; False when the user has no such one."""
        return await self._store.end_one(user_id, session_id)

    async def end_others(self, session: Session) -> int:
        """End all other sessions of the user, and return how many."""
        return await self._store.end_others(session.user.id, session.id)

    async def end_all(self, user_id: int) -> int:
        """End all sessions of a user, and return how many."""
        return await self._store.end_others(user_id, 0)

    async def sweep(self) -> None:
        """Delete sessions that are over."""
        await self._store.sweep(self._clock.now())

    async def _rotated(self, token: str, *, complete: bool) -> str | None:
        new = self._ids.token()
        done = await self._store.rotate(
            token_hash(token), token_hash(new), self._ids.token(), complete=complete
        )
        return new if done else None


def token_hash(token: str) -> str:
    """Return the hash under which a token of 256 random bits is stored.

    A fast hash is enough: nobody can try so many tokens.
    """
    return hashlib.sha256(token.encode()).hexdigest()
