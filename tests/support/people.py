"""Users of the console for tests, on a real database and with hashes that cost little."""

import random
from dataclasses import dataclass

from tayori.config.console import ConsoleSettings
from tayori.config.tree import Policy
from tayori.db.database import Database
from tayori.runtime.clock import SettableClock
from tayori.runtime.ids import Ids
from tayori.runtime.password_hash import PasswordHashes
from tayori.runtime.secrets import SecretBox
from tayori.tenants.account_store import AccountStore
from tayori.tenants.accounts import Accounts
from tayori.tenants.model import Account
from tayori.tenants.users.audit import AuditLog
from tayori.tenants.users.audit_store import AuditStore
from tayori.tenants.users.factor_store import FactorStore
from tayori.tenants.users.link_store import LinkStore
from tayori.tenants.users.links import Links
from tayori.tenants.users.model import Role, User
from tayori.tenants.users.second_factor import SecondFactor
from tayori.tenants.users.session_store import SessionStore
from tayori.tenants.users.sessions import Sessions
from tayori.tenants.users.user_store import UserStore
from tayori.tenants.users.users import Users

PASSWORD = "three green lamps"
KEY = b"k" * 32


@dataclass(frozen=True, kw_only=True)
class People:
    """The verbs of people over one database and one clock that tests move."""

    database: Database
    clock: SettableClock
    accounts: Accounts
    users: Users
    sessions: Sessions
    audit: AuditLog
    links: Links
    factor: SecondFactor

    async def user(
        self,
        email: str,
        *,
        operator: bool = False,
        of: Account | None = None,
        role: Role = Role.OWNER,
    ) -> User:
        """Make a user whose password is `PASSWORD`, and a member of `of` where that is given."""
        made = await self.users.create(
            email, name=email.partition("@")[0].title(), operator=operator, password=PASSWORD
        )
        assert isinstance(made, User), made
        if of is not None:
            assert await self.users.join(made.id, of.id, role) is None
        return made

    async def account(self, name: str) -> Account:
        """Make an account."""
        made = await self.accounts.create(name)
        assert not hasattr(made, "code"), made
        return made.account


def people(
    database: Database, clock: SettableClock | None = None, settings: ConsoleSettings | None = None
) -> People:
    """Return the verbs of people over this database."""
    clock = clock or SettableClock()
    ids = Ids(random.Random(8))
    stored, sessions = UserStore(database), SessionStore(database)
    box, settings = SecretBox(KEY), settings or ConsoleSettings()
    passwords = PasswordHashes(time_cost=1, memory_kib=64)
    users = Users(store=stored, sessions=sessions, clock=clock, passwords=passwords)
    return People(
        database=database,
        clock=clock,
        accounts=Accounts(store=AccountStore(database, box), clock=clock, ids=ids, policy=Policy()),
        users=users,
        sessions=Sessions(store=sessions, users=stored, clock=clock, ids=ids, settings=settings),
        audit=AuditLog(AuditStore(database), clock),
        links=Links(
            store=LinkStore(database),
            users=users,
            clock=clock,
            ids=ids,
            settings=settings,
            passwords=passwords,
        ),
        factor=SecondFactor(
            store=FactorStore(database, box), clock=clock, ids=ids, issuer="Tayori"
        ),
    )
