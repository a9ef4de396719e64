"""What an operator does with accounts and credentials, and who a SecretId is.

Accounts and credentials are addressed by account id; what does not exist is refused with
`ResourceNotFound`. A suspension, grant or revocation is seen by this process at once and by all
others within five seconds.
"""

import ipaddress
import re
from collections.abc import Iterable, Sequence

from tayori.config.tree import Policy
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import NOTHING, Saying, quote, say
from tayori.runtime.clock import Clock
from tayori.runtime.ids import Ids
from tayori.tenants.account_store import AccountStore, Sought
from tayori.tenants.memory import Memory
from tayori.tenants.model import Access, Account, Credential, Permission, Scope

_NAME = re.compile(r"[^\W_](?:[\w .&'()+-]{0,62}[\w.)+])?\Z")
_ID_PREFIX = "AKID"
_SECRET_LENGTH = 32
_MAX_NETWORKS = 100


class Accounts:
    """The verbs of accounts."""

    def __init__(self, *, store: AccountStore, clock: Clock, ids: Ids, policy: Policy) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._policy = policy
        self._known: Memory[str, Access] = Memory(clock)

    async def create(self, name: str) -> Access | Refusal:
        """Make an account with the permissions of `policy` and a first credential of full scope.

        A name has 1 to 64 letters, digits and `_ . & ' ( ) + -` or single spaces inside.
        """
        if not _NAME.match(name) or "  " in name:
            told = say("An account's name has 1 to 64 letters, digits, spaces or _.&'()+-")
            return refuse(Code.INVALID_PARAMETER_VALUE, told, parameter="Name")
        first = self._draw(Scope.FULL, ())
        made = await self._store.add(name, self._ordinary(), first, self._clock.now())
        return made or refuse(
            Code.RESOURCE_IN_USE, say("There is an account named {name} already.", name=name)
        )

    async def list(self) -> list[Account]:
        """Return every account, oldest first."""
        return await self._store.all()

    async def page(self, sought: Sought, most: int) -> Sequence[Account]:
        """Return up to `most` accounts that are sought, newest first."""
        return await self._store.page(sought, most)

    async def names(self, account_ids: Iterable[int]) -> dict[int, str]:
        """Return the names of accounts by id; who is not there is left out."""
        return await self._store.names(account_ids)

    async def get(self, account_id: int) -> Account | Refusal:
        """Return one account."""
        return await self._store.by_id(account_id) or _no_account(account_id)

    async def find(self, text: str) -> Account | Refusal:
        """Return the account that an operator means by its id or its exact name."""
        by_id = await self._store.by_id(int(text)) if re.fullmatch(r"[0-9]{1,18}", text) else None
        return by_id or await self._store.by_name(text) or _no_account(text)

    async def suspend(self, account_id: int, reason: Saying | str) -> Account | Refusal:
        """Stop all functions of an account, telling it the reason; again replaces the reason."""
        told = quote(reason.strip()) if isinstance(reason, str) else reason
        if not told:
            needed = say("A suspension needs a reason that the account is told.")
            return refuse(Code.INVALID_PARAMETER_VALUE, needed, parameter="Reason")
        await self._store.set_suspension(account_id, self._clock.now(), told)
        return await self._changed(account_id)

    async def resume(self, account_id: int) -> Account | Refusal:
        """Lift a suspension; an account that is not suspended stays as it is."""
        await self._store.set_suspension(account_id, None, NOTHING)
        return await self._changed(account_id)

    async def grant(self, account_id: int, permission: Permission) -> Account | Refusal:
        """Grant a permission."""
        found = await self.get(account_id)
        if isinstance(found, Refusal):
            return found
        await self._store.grant(account_id, permission)
        return await self._changed(account_id)

    async def revoke(self, account_id: int, permission: Permission) -> Account | Refusal:
        """Take a permission back."""
        await self._store.revoke(account_id, permission)
        return await self._changed(account_id)

    async def create_credential(
        self, account_id: int, *, scope: Scope = Scope.FULL, networks: Sequence[str] = ()
    ) -> Credential | Refusal:
        """Make a further credential; `networks` are CIDR blocks or addresses, none = anywhere."""
        found = await self.get(account_id)
        if isinstance(found, Refusal):
            return found
        blocks = _blocks(networks)
        if isinstance(blocks, Refusal):
            return blocks
        return await self._store.add_credential(account_id, self._draw(scope, blocks))

    async def credentials(self, account_id: int) -> Sequence[Credential]:
        """Return the account's credentials, revoked ones too, oldest first."""
        return await self._store.credentials(account_id)

    async def revoke_credential(self, account_id: int, secret_id: str) -> Refusal | None:
        """End a credential for good; None when it is done."""
        now = self._clock.now()
        done = await self._store.revoke_credential(account_id, secret_id, now)
        self._known.forget()
        if done:
            return None
        return refuse(
            Code.RESOURCE_NOT_FOUND,
            say(
                "The account has no live credential with the id {credential}.", credential=secret_id
            ),
        )

    async def by_secret_id(self, secret_id: str) -> Access | None:
        """Return who a SecretId is, or None; a suspended account is returned as such.

        What is unknown is not remembered, so a new credential works at once everywhere.
        """
        known = self._known.recall(secret_id)
        if known is None:
            question = self._known.ask()
            known = await self._store.access(secret_id)
            if known is not None:
                self._known.keep(secret_id, known, question)
        return known

    def _ordinary(self) -> set[Permission]:
        permissions = {Permission.ATTACHMENTS}
        if self._policy.api_simple:
            permissions.add(Permission.API_SIMPLE)
        if self._policy.smtp_content:
            permissions.add(Permission.SMTP_CONTENT)
        return permissions

    def _draw(self, scope: Scope, networks: tuple[str, ...]) -> Credential:
        return Credential(
            id=0,
            account_id=0,
            secret_id=_ID_PREFIX + self._ids.alphanumeric(_SECRET_LENGTH),
            secret=self._ids.alphanumeric(_SECRET_LENGTH).encode(),
            scope=scope,
            networks=networks,
            created_at=self._clock.now(),
            revoked_at=None,
        )

    async def _changed(self, account_id: int) -> Account | Refusal:
        self._known.forget()
        return await self.get(account_id)


def _blocks(networks: Sequence[str]) -> tuple[str, ...] | Refusal:
    if len(networks) > _MAX_NETWORKS:
        return _bad_networks(say("A credential has at most {most} networks.", most=_MAX_NETWORKS))
    blocks: list[str] = []
    for block in networks:
        try:
            blocks.append(str(ipaddress.ip_network(block.strip(), strict=False)))
        except ValueError:
            given = repr(block.strip())
            return _bad_networks(
                say("{block} does not appear to be an IPv4 or IPv6 network.", block=given)
            )
    return tuple(blocks)


def _bad_networks(saying: Saying) -> Refusal:
    return refuse(Code.INVALID_PARAMETER_VALUE, saying, parameter="Networks")


def _no_account(which: int | str) -> Refusal:
    return refuse(Code.RESOURCE_NOT_FOUND, say("There is no account {account}.", account=which))
