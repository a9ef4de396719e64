"""Links that let somebody in: invitations, new passwords, and the first operator's.

Each holds a token of 256 random bits, of which the hash alone is stored, works once, and expires.
"""

from collections.abc import Sequence
from typing import Final

from tayori.config.console import ConsoleSettings
from tayori.runtime.clock import HOUR, MINUTE, Clock
from tayori.runtime.ids import Ids
from tayori.runtime.password_hash import PasswordHashes
from tayori.tenants.users.faults import Fault
from tayori.tenants.users.link_store import LinkStore
from tayori.tenants.users.model import LANGUAGES, Link, LinkKind, Role, User
from tayori.tenants.users.password_rules import password_fault
from tayori.tenants.users.sessions import token_hash
from tayori.tenants.users.users import Users, profile_fault, written_email

Token = str


class Links:
    """The verbs of links."""

    def __init__(
        self,
        *,
        store: LinkStore,
        users: Users,
        clock: Clock,
        ids: Ids,
        settings: ConsoleSettings,
        passwords: PasswordHashes | None = None,
    ) -> None:
        self._store = store
        self._users = users
        self._clock = clock
        self._ids = ids
        self._invitation_ms = settings.invitation_hours * HOUR
        self._reset_ms = settings.reset_minutes * MINUTE
        self._passwords = passwords or PasswordHashes()

    async def invite(
        self,
        email: str,
        *,
        account_id: int | None = None,
        role: Role | None = None,
        operator: bool = False,
        language: str = "en",
        invited_by: str = "",
    ) -> tuple[Token, Link] | Fault:
        """Invite somebody to an account in a role, or as operator; an earlier link ends."""
        written = written_email(email)
        if isinstance(written, Fault):
            return written
        if language not in LANGUAGES:
            return Fault.LANGUAGE
        known = await self._users.find(written)
        if known is not None and account_id is not None:
            if account_id in await self._users.memberships(known.id):
                return Fault.MEMBER_ALREADY
        elif known is not None and (known.operator or not operator):
            return Fault.EMAIL_TAKEN
        return await self._draw(
            LinkKind.INVITATION,
            written,
            self._invitation_ms,
            account_id=account_id,
            role=role if account_id is not None else None,
            operator=operator,
            language=known.language if known else language,
            invited_by=invited_by,
        )

    async def first_operator(self) -> tuple[Token, Link] | None:
        """Return a link for the first operator while there is none; an earlier one ends."""
        if await self._users.any_operator():
            return None
        drawn = await self._draw(LinkKind.FIRST_OPERATOR, "", self._invitation_ms, operator=True)
        return None if isinstance(drawn, Fault) else drawn

    async def reset(self, user: User) -> tuple[Token, Link] | Fault:
        """Return a link by which the user sets a new password; an earlier one ends."""
        if user.suspended_at is not None:
            return Fault.SUSPENDED
        return await self._draw(LinkKind.RESET, user.email, self._reset_ms, language=user.language)

    async def find(self, token: Token, *kinds: LinkKind) -> Link | None:
        """Return the link of a token, if it is one of these kinds and still works."""
        found = await self._store.find(token_hash(token), self._clock.now())
        if found is None or found.kind not in kinds:
            return None
        if found.kind is LinkKind.FIRST_OPERATOR and await self._users.any_operator():
            return None
        return found

    async def pending(self, account_id: int) -> Sequence[Link]:
        """Return the invitations to an account that still work, oldest first."""
        return await self._store.of_account(account_id, self._clock.now())

    async def withdraw(self, account_id: int, link_id: int) -> Link | None:
        """End an invitation to this account and return it; None when there is none."""
        return await self._store.withdraw(account_id, link_id)

    async def accept(
        self,
        token: Token,
        *,
        name: str = "",
        language: str = "en",
        zone: str = "UTC",
        password: str = "",
        email: str = "",
    ) -> User | Fault:
        """Use an invitation. Whoever has a user already joins with it; the rest is not asked.

        `email` counts only in the first operator's. Nobody is logged in by it.
        """
        link = await self.find(token, LinkKind.INVITATION, LinkKind.FIRST_OPERATOR)
        if link is None:
            return Fault.LINK
        written = written_email(link.email or email)
        if isinstance(written, Fault):
            return written
        known = await self._users.find(written)
        if known is not None and link.kind is LinkKind.FIRST_OPERATOR:
            return Fault.EMAIL_TAKEN
        hashed = ""
        if known is None:
            fault = profile_fault(name=name, language=language, zone=zone) or password_fault(
                password, email=written, name=name
            )
            if fault is not None:
                return fault
            hashed = await self._passwords.hash(password)
        now = self._clock.now()
        newcomer = User(
            id=0,
            email=written,
            name=name.strip(),
            language=language,
            zone=zone,
            operator=link.operator,
            created_at=now,
        )
        return await self._store.accept(token_hash(token), newcomer, hashed, now)

    async def use_reset(self, token: Token, password: str) -> User | Fault:
        """Set the new password; all sessions of the user end, the second factor stays."""
        link = await self.find(token, LinkKind.RESET)
        user = await self._users.find(link.email) if link else None
        if user is None or user.suspended_at is not None:
            return Fault.LINK
        fault = password_fault(password, email=user.email, name=user.name)
        if fault is not None:
            return fault
        if await self._store.take(token_hash(token), LinkKind.RESET, self._clock.now()) is None:
            return Fault.LINK
        return await self._users.set_password(user, password) or user

    async def sweep(self) -> None:
        """Forget links that have expired."""
        await self._store.sweep(self._clock.now())

    async def _draw(
        self,
        kind: LinkKind,
        email: str,
        lifetime_ms: int,
        *,
        account_id: int | None = None,
        role: Role | None = None,
        operator: bool = False,
        language: str = "en",
        invited_by: str = "",
    ) -> tuple[Token, Link] | Fault:
        token, now = self._ids.token(), self._clock.now()
        link = Link(
            id=0,
            kind=kind,
            email=email,
            operator=operator,
            account_id=account_id,
            role=role,
            language=language,
            invited_by=invited_by,
            created_at=now,
            expires_at=now + lifetime_ms,
        )
        stored = await self._store.add(link, token_hash(token))
        return Fault.NO_ACCOUNT if stored is None else (token, stored)


_PATHS: Final = {
    LinkKind.INVITATION: "invitation",
    LinkKind.FIRST_OPERATOR: "first-operator",
    LinkKind.RESET: "new-password",
}


def console_link(public_url: str, kind: LinkKind, token: Token) -> str:
    """Return the address of the page on which a token is used."""
    return f"{public_url}/console/{_PATHS[kind]}/{token}"
