"""A submission server over real stores, with one account that may send as news@mail.example.org."""

import smtplib
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.support.review import first_reviewer

from tayori.accept.door import Door
from tayori.accept.limits import Limits
from tayori.accept.store import AcceptStore
from tayori.catalog.directory import CatalogDirectory
from tayori.catalog.model import TemplateContent
from tayori.catalog.sender_store import SenderStore
from tayori.catalog.senders import Senders
from tayori.catalog.template_store import TemplateStore
from tayori.catalog.templates import Templates
from tayori.config.screening import Review
from tayori.config.tree import Domains, Policy, Service, Settings, SubmissionSettings
from tayori.db.database import Database
from tayori.edge.submission.server import SubmissionServer, build_submission
from tayori.reputation.model import Scope
from tayori.reputation.permits import Permits
from tayori.runtime.clock import HOUR, SettableClock
from tayori.runtime.ids import Ids
from tayori.runtime.password_hash import PasswordHashes
from tayori.runtime.secrets import SecretBox
from tayori.tenants.account_store import AccountStore
from tayori.tenants.accounts import Accounts
from tayori.tenants.identities import Identities
from tayori.tenants.identity_store import IdentityStore
from tayori.tenants.keys import make_key
from tayori.tenants.model import DnsRecord, RecordGroup, RecordState

BOX = SecretBox(b"k" * 32)
ZONE = ZoneInfo("Asia/Shanghai")
USER = "news@mail.example.org"
PASSWORD = "abCD12wxyz"
quick_key = lru_cache(make_key)


@dataclass
class World:
    """What a test needs to know."""

    account_id: int
    other_id: int
    accounts: Accounts
    senders: Senders
    templates: Templates
    server: SubmissionServer
    folder: Path
    starttls: int
    implicit: int

    @property
    def trust(self) -> ssl.SSLContext:
        """A client's context that trusts the self-signed certificate and nothing else."""
        return ssl.create_default_context(cafile=str(self.folder / "tls" / "submission.pem"))

    def client(self, *, user: str = USER, password: str = PASSWORD) -> smtplib.SMTP:
        """A client of the standard library, over STARTTLS, logged in (blocking)."""
        client = smtplib.SMTP("localhost", self.starttls, timeout=20)
        client.starttls(context=self.trust)
        client.login(user, password)
        return client


def bound() -> socket.socket:
    """A socket of loopback on a free port."""
    return socket.create_server(("127.0.0.1", 0))


@asynccontextmanager
async def submission_world(
    database: Database, folder: Path, clock: SettableClock, *, plain: bool = False, **policy: int
) -> AsyncIterator[World]:
    """Build and serve; two accounts, the second has other.example.org."""
    rules = Policy(**({"mailbox_per_hour": 0, "requests_per_second": 0} | policy))  # type: ignore[arg-type]
    passwords = PasswordHashes(time_cost=1, memory_kib=64)
    accounts = Accounts(store=AccountStore(database, BOX), clock=clock, ids=Ids(), policy=rules)
    identities = Identities(
        store=IdentityStore(database, BOX),
        clock=clock,
        domains=Domains(),
        policy=rules,
        make=quick_key,
    )
    senders = Senders(store=SenderStore(database), clock=clock, policy=rules, passwords=passwords)
    templates = Templates(
        store=TemplateStore(database),
        clock=clock,
        review=first_reviewer(Review(), clock),
        policy=rules,
    )
    ids = []
    for name, domains in (
        ("one", ("mail.example.org", "second.example.org")),
        ("two", ("other.example.org",)),
    ):
        access = await accounts.create(name)
        account = access.account  # type: ignore[union-attr]
        ids.append(account.id)
        for domain in domains:
            identity = await identities.create(account.id, domain)
            record = DnsRecord(
                group=RecordGroup.MX, type="MX", name=domain, expected="m", state=RecordState.OK
            )
            await identities.record_check(identity, [record])  # type: ignore[arg-type]
            for local in ("news", "help"):
                await senders.create(account.id, f"{local}@{domain}", "")
            assert await senders.set_smtp_password(account.id, f"news@{domain}", PASSWORD) is None
    await templates.create(ids[0], "t", TemplateContent(html="<p>Hello {{name}}</p>", text=""))
    door = Door(
        directory=CatalogDirectory(senders=senders, identities=identities, templates=templates),
        limits=Limits(rules, ZONE),
        store=AcceptStore(database, clock),
        clock=clock,
        ids=Ids(),
        zone=ZONE,
        lifetime_ms=72 * HOUR,
    )
    settings = Settings(
        data_dir=str(folder),
        service=Service(hostname="localhost"),
        submission=SubmissionSettings(allow_plain_auth=plain, connections_per_address=4),
        policy=rules,
    )
    server = build_submission(
        settings,
        door=door,
        senders=senders,
        accounts=accounts,
        clock=clock,
        box=BOX,
        database=database,
        permits=Permits(database, clock, Scope.REQUESTS_SECOND),
        passwords=passwords,
    )
    try:
        yield World(
            account_id=ids[0],
            other_id=ids[1],
            accounts=accounts,
            senders=senders,
            templates=templates,
            server=server,
            folder=folder,
            starttls=(await server.start(sock=bound()))[1],
            implicit=(await server.start(sock=bound(), implicit_tls=True))[1],
        )
    finally:
        await server.stop(grace_s=5)
