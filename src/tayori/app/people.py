"""Puts the people behind the console together: users, sessions, links, second factors, the log."""

from dataclasses import dataclass

from tayori.config.tree import Settings
from tayori.db.database import Database
from tayori.runtime.clock import Clock
from tayori.runtime.ids import Ids
from tayori.runtime.password_hash import PasswordHashes
from tayori.runtime.secrets import SecretBox
from tayori.runtime.service import Periodic, Service
from tayori.tenants.users.audit import AuditLog
from tayori.tenants.users.audit_store import AuditStore
from tayori.tenants.users.factor_store import FactorStore
from tayori.tenants.users.link_store import LinkStore
from tayori.tenants.users.links import Links
from tayori.tenants.users.second_factor import SecondFactor
from tayori.tenants.users.session_store import SessionStore
from tayori.tenants.users.sessions import Sessions
from tayori.tenants.users.user_store import UserStore
from tayori.tenants.users.users import Users

SWEEP_S = 60.0
PRODUCT = "Tayori"


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """The verbs over people."""

    users: Users
    sessions: Sessions
    links: Links
    factor: SecondFactor
    audit: AuditLog


def build_people(
    settings: Settings, database: Database, box: SecretBox, clock: Clock, ids: Ids
) -> People:
    """Return the verbs over people on this database."""
    store, sessions, passwords = UserStore(database), SessionStore(database), PasswordHashes()
    users = Users(store=store, sessions=sessions, clock=clock, passwords=passwords)
    return People(
        users=users,
        sessions=Sessions(
            store=sessions, users=store, clock=clock, ids=ids, settings=settings.console
        ),
        links=Links(
            store=LinkStore(database),
            users=users,
            clock=clock,
            ids=ids,
            settings=settings.console,
            passwords=passwords,
        ),
        factor=SecondFactor(
            store=FactorStore(database, box), clock=clock, ids=ids, issuer=_issuer(settings)
        ),
        audit=AuditLog(AuditStore(database), clock),
    )


def people_chores(people: People, settings: Settings) -> list[Service]:
    """Return what forgets sessions and links that are over, and old entries of the audit log."""

    async def forget_entries() -> None:
        await people.audit.sweep(settings.retention.audit_days)

    return [
        Periodic("forget sessions", SWEEP_S, people.sessions.sweep),
        Periodic("forget links", SWEEP_S, people.links.sweep),
        Periodic("forget audit entries", SWEEP_S, forget_entries),
    ]


def _issuer(settings: Settings) -> str:
    """Return the name under which authenticator apps list the service."""
    host = settings.service.hostname
    return PRODUCT if host == "localhost" else f"{PRODUCT} {host}"
