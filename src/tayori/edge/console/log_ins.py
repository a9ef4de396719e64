"""Who logs in: address and password, then the second factor, with guessers slowed down.

Each attempt is charged to the address that is tried and to the client before it is judged, in the
database, so that all processes count together. A password that was right forgives nothing while a
second factor is due: else whoever knows the password could try codes for ever. What is unknown
costs the same time as what is wrong.
"""

from dataclasses import dataclass
from typing import Final

from tayori.edge.clients import client_key
from tayori.reputation.backoff_store import BackoffStore
from tayori.reputation.model import Scope
from tayori.runtime.clock import SECOND
from tayori.tenants.users.model import User
from tayori.tenants.users.second_factor import Proof, SecondFactor
from tayori.tenants.users.user_store import login_of
from tayori.tenants.users.users import Users

FREE: Final = {Scope.CONSOLE_USER: 5, Scope.CONSOLE_CLIENT: 20, Scope.CONSOLE_LINK: 3}
"""Attempts that cost no wait."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Too many attempts: the next one is judged after this time."""

    seconds: int


class LogIns:
    """Judges passwords and codes."""

    def __init__(self, *, users: Users, factor: SecondFactor, failures: BackoffStore) -> None:
        self._users = users
        self._factor = factor
        self._failures = failures

    async def judge(self, email: str, password: str, address: str) -> User | Wait | None:
        """Return the user whose address and password these are, None when they are not."""
        keys = _keys(email, address)
        wait = await self._failures.attempt(keys)
        if wait:
            return _wait(wait)
        user = await self._users.log_in(email, password)
        if user is not None and not user.second_factor:
            await self._failures.succeeded(forgiven=keys[0], refunded=keys[1])
        return user

    async def check_code(self, user: User, code: str, address: str) -> Proof | Wait | None:
        """Return by what the second factor was shown, None when the code is wrong or was used."""
        keys = _keys(user.email, address)
        wait = await self._failures.attempt(keys)
        if wait:
            return _wait(wait)
        proof = await self._factor.check(user, code)
        if proof is not None:
            await self._failures.succeeded(forgiven=keys[0], refunded=keys[1])
            # The charge of the password, which was kept until now.
            await self._failures.succeeded(forgiven=keys[0], refunded=keys[1])
        return proof

    async def proves(self, user: User, password: str, address: str) -> bool | Wait:
        """Tell whether somebody who is logged in knows the own password."""
        keys = _keys(user.email, address)
        wait = await self._failures.attempt(keys)
        if wait:
            return _wait(wait)
        right = await self._users.log_in(user.email, password) is not None
        if right:
            await self._failures.succeeded(forgiven=keys[0], refunded=keys[1])
        return right

    async def ask_link(self, email: str, address: str) -> Wait | None:
        """Charge the wish for a link to a new password, or return how long to wait."""
        by_client = (Scope.CONSOLE_CLIENT, client_key(address))
        wait = await self._failures.attempt([(Scope.CONSOLE_LINK, login_of(email)), by_client])
        return _wait(wait) if wait else None


def _keys(email: str, address: str) -> tuple[tuple[Scope, str], tuple[Scope, str]]:
    return (Scope.CONSOLE_USER, login_of(email)), (Scope.CONSOLE_CLIENT, client_key(address))


def _wait(milliseconds: int) -> Wait:
    return Wait(-(-milliseconds // SECOND))
