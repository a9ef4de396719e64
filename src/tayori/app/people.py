"""Puts the people behind the console together: users, sessions, audit log, and their sweeping."""

from dataclasses import dataclass

from tayori.config.tree import Settings
from tayori.db.database import Database
from tayori.runtime.clock import Clock
from tayori.runtime.ids import Ids
from tayori.runtime.service import Periodic, Service
from tayori.tenants.users.audit import AuditLog
from tayori.tenants.users.audit_store import AuditStore
from tayori.tenants.users.session_store import SessionStore
from tayori.tenants.users.sessions import Sessions
from tayori.tenants.users.user_store import UserStore
from tayori.tenants.users.users import Users

SWEEP_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """The verbs over people."""

    users: Users
    sessions: Sessions
    audit: AuditLog


def build_people(settings: Settings, database: Database, clock: Clock, ids: Ids) -> People:
    """Return the verbs over people on this database."""
    users, sessions = UserStore(database), SessionStore(database)
    return People(
        users=Users(store=users, sessions=sessions, clock=clock),
        sessions=Sessions(
            store=sessions, users=users, clock=clock, ids=ids, settings=settings.console
        ),
        audit=AuditLog(AuditStore(database), clock),
    )


def people_chores(people: People, settings: Settings) -> list[Service]:
    """Return what forgets sessions that are over and entries of the audit log that are old."""

    async def forget_entries() -> None:
        await people.audit.sweep(settings.retention.audit_days)

    return [
        Periodic("forget sessions", SWEEP_S, people.sessions.sweep),
        Periodic("forget audit entries", SWEEP_S, forget_entries),
    ]
