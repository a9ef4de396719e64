"""Users of the console: who there is, what they may, and whether a password is theirs.

An address is known in any case (`A@x.test` is `a@x.test`). Passwords are stored as Argon2id hashes
alone. Sessions of a user end with a change of role, a suspension and a new password.
"""

from collections.abc import Sequence
from zoneinfo import available_timezones

from tayori.mail.address import AddressError, parse_address
from tayori.runtime.clock import Clock
from tayori.runtime.password_hash import PasswordHashes
from tayori.tenants.users.faults import Fault
from tayori.tenants.users.model import LANGUAGES, Member, Role, User
from tayori.tenants.users.password_rules import password_fault
from tayori.tenants.users.session_store import SessionStore
from tayori.tenants.users.user_store import UserStore

MAX_NAME = 100


class Users:
    """The verbs of users."""

    def __init__(
        self,
        *,
        store: UserStore,
        sessions: SessionStore,
        clock: Clock,
        passwords: PasswordHashes | None = None,
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._clock = clock
        self._passwords = passwords or PasswordHashes()

    async def create(
        self,
        email: str,
        *,
        name: str,
        language: str = "en",
        zone: str = "UTC",
        operator: bool = False,
        password: str = "",
    ) -> User | Fault:
        """Make a user; without a password nobody can log in as it until a link was used."""
        written = written_email(email)
        if isinstance(written, Fault):
            return written
        fault = profile_fault(name=name, language=language, zone=zone)
        if fault is None and password:
            fault = password_fault(password, email=written, name=name)
        if fault is not None:
            return fault
        user = User(
            id=0,
            email=written,
            name=name.strip(),
            language=language,
            zone=zone,
            operator=operator,
            created_at=self._clock.now(),
        )
        hashed = await self._passwords.hash(password) if password else ""
        return await self._store.add(user, hashed) or Fault.EMAIL_TAKEN

    async def get(self, user_id: int) -> User | None:
        """Return one user."""
        return await self._store.by_id(user_id)

    async def find(self, email: str) -> User | None:
        """Return the user with this address, in any case."""
        found = await self._store.by_email(email)
        return found[0] if found else None

    async def list(self, *, after: int = 0, most: int = 100) -> Sequence[User]:
        """Return users in the order of their ids, from the one behind `after`."""
        return await self._store.all(after=after, most=most)

    async def any_operator(self) -> bool:
        """Tell whether there is an operator."""
        return await self._store.any_operator()

    async def members(self, account_id: int) -> Sequence[Member]:
        """Return the users of an account, oldest first."""
        return await self._store.members(account_id)

    async def memberships(self, user_id: int) -> dict[int, Role]:
        """Return what a user is, by account id."""
        return await self._store.memberships(user_id)

    async def log_in(self, email: str, password: str) -> User | None:
        """Return the user whose address and password these are and who may come in.

        Whoever is unknown, suspended or without a password costs the same time as a wrong password.
        """
        found = await self._store.by_email(email)
        hashed = found[1] if found else ""
        right = await self._passwords.verify(hashed or None, password)
        if found is None or not right or found[0].suspended_at is not None:
            return None
        return found[0]

    async def set_password(
        self, user: User, password: str, *, keep_session: int = 0
    ) -> Fault | None:
        """Replace the password; all sessions of the user end but the kept one (its id)."""
        fault = password_fault(password, email=user.email, name=user.name)
        if fault is not None:
            return fault
        await self._store.set_password(user.id, await self._passwords.hash(password))
        await self._sessions.end_others(user.id, keep_session)
        return None

    async def change_password(
        self, user: User, *, present: str, new: str, session_id: int
    ) -> Fault | None:
        """Replace the own password, which takes the present one; other sessions end."""
        if await self.log_in(user.email, present) is None:
            return Fault.PASSWORD_WRONG
        return await self.set_password(user, new, keep_session=session_id)

    async def change_profile(
        self, user_id: int, *, name: str, language: str, zone: str
    ) -> Fault | None:
        """Change name, language and time zone."""
        fault = profile_fault(name=name, language=language, zone=zone)
        if fault is None:
            await self._store.set_profile(user_id, name=name.strip(), language=language, zone=zone)
        return fault

    async def suspend(self, user_id: int) -> Fault | None:
        """Keep a user out, from this moment on."""
        return await self._store.suspend(user_id, self._clock.now())

    async def resume(self, user_id: int) -> None:
        """Let a user in again."""
        await self._store.resume(user_id)

    async def set_operator(self, user_id: int, *, operator: bool) -> Fault | None:
        """Make somebody operator, or no longer."""
        return await self._store.set_operator(user_id, operator=operator)

    async def join(self, user_id: int, account_id: int, role: Role) -> Fault | None:
        """Make a user a member of an account."""
        return await self._store.join(user_id, account_id, _member(role), self._clock.now())

    async def set_role(self, user_id: int, account_id: int, role: Role) -> Role | Fault:
        """Change what a member is, and return the role before."""
        return await self._store.set_role(user_id, account_id, _member(role))

    async def remove(self, user_id: int, account_id: int) -> Role | Fault:
        """End a membership, and return the role it had."""
        return await self._store.leave(user_id, account_id)


def written_email(text: str) -> str | Fault:
    """Return the address in the form that is stored."""
    address = parse_address(text.strip())
    return Fault.EMAIL if isinstance(address, AddressError) else address.addr


def profile_fault(*, name: str, language: str, zone: str) -> Fault | None:
    """Return what is wrong with a profile."""
    if not 1 <= len(name.strip()) <= MAX_NAME or not name.strip().isprintable():
        return Fault.NAME
    if language not in LANGUAGES:
        return Fault.LANGUAGE
    if zone not in available_timezones():
        return Fault.ZONE
    return None


def _member(role: Role) -> Role:
    if role is Role.OPERATOR:
        raise ValueError("An operator is no member: operator is a flag of the user.")
    return role
