"""The inbound listener and the role behind it over real stores, with mails that were delivered."""

import asyncio
import smtplib
import socket
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from tests.support.review import reviewer

from tayori.accept.door import Door
from tayori.accept.limits import Limits
from tayori.accept.store import AcceptStore
from tayori.catalog.directory import CatalogDirectory
from tayori.catalog.sender_store import SenderStore
from tayori.catalog.senders import Senders
from tayori.catalog.template_store import TemplateStore
from tayori.catalog.templates import Templates
from tayori.config.mx import MxSettings
from tayori.config.screening import Review
from tayori.config.tree import Domains, Policy, Service, Settings
from tayori.db.database import Database
from tayori.db.statement import Statement
from tayori.db.tables.queue import message, message_content, recipient
from tayori.dns.resolver import Resolver
from tayori.edge.certificate import Certificate
from tayori.edge.connection_counts import ConnectionCounts
from tayori.edge.mx.handler import Inbound
from tayori.edge.mx.server import build_mx
from tayori.edge.smtp_listeners import SmtpListeners
from tayori.events.model import Event, EventKind
from tayori.events.store import EventStore
from tayori.inbound.effect_store import EffectStore
from tayori.inbound.forwarding import Forwarder
from tayori.inbound.forwarding_store import ForwardingStore
from tayori.inbound.processing import InboundNeeds, Processing
from tayori.inbound.routing import Router, TokenKeys
from tayori.inbound.scoring import Scorer
from tayori.inbound.spool import Entry
from tayori.inbound.spool_store import Spool
from tayori.mail.outcome import Kind, Outcome, Scope, Stage
from tayori.mail.reply import Reply
from tayori.mail.return_path import RETURN, Form, encode
from tayori.queue.intake import Intake
from tayori.queue.model import NewMessage, NewRecipient, Settlement
from tayori.queue.states import State
from tayori.queue.store import QueueStore
from tayori.reputation.model import Scope as LimitScope
from tayori.reputation.permits import Permits
from tayori.runtime.clock import HOUR, SettableClock
from tayori.runtime.ids import Ids
from tayori.runtime.secrets import SecretBox
from tayori.sandbox.dns_server import DnsServer
from tayori.screen.score.address_store import ScoreAddressStore
from tayori.tenants.account_store import AccountStore
from tayori.tenants.accounts import Accounts
from tayori.tenants.identities import Identities
from tayori.tenants.identity_store import IdentityStore
from tayori.tenants.keys import make_key
from tayori.tenants.model import DnsRecord, RecordGroup, RecordState

BOX = SecretBox(b"k" * 32)
ZONE = ZoneInfo("Asia/Shanghai")
KEYS = TokenKeys(return_path=b"r" * 32, tracking=b"t" * 32)
HOST = "mx.tayori.test"
DOMAIN = "mail.shop.test"
TAKEN = Outcome(
    kind=Kind.DELIVERED,
    scope=Scope.RECIPIENT,
    stage=Stage.CONTENT,
    reply=Reply(250, "2.0.0", ("taken",)),
)
quick_key = lru_cache(make_key)


@dataclass
class InboundWorld:
    """What a test needs to know."""

    database: Database
    clock: SettableClock
    dns: DnsServer
    account_id: int
    identity_id: int
    router: Router
    spool: Spool
    needs: InboundNeeds
    server: SmtpListeners
    port: int
    folder: Path

    async def sent(self, *addresses: str, state: State = State.DELIVERED) -> list[int]:
        """Take one mail to the addresses and bring its recipients into a state; their numbers."""
        now = self.clock.now()
        new = NewMessage(
            public_id=f"m-{time.perf_counter_ns()}",
            account_id=self.account_id,
            identity_id=self.identity_id,
            source="api",
            from_address=f"news@{DOMAIN}",
            subject="Your order",
            rfc_message_id=f"<m@{DOMAIN}>",
            recipe=b"recipe",
            recipients=tuple(
                NewRecipient(address=one, domain=one.partition("@")[2]) for one in addresses
            ),
            accepted_at=now,
            expires_at=now + 72 * HOUR,
        )
        intake, queue = Intake(self.database), QueueStore(self.database)
        numbers = await intake.number([new])
        async with self.database.write() as transaction:
            await intake.take(transaction, [new], numbers)
        if state is not State.QUEUED:
            leased = await queue.lease("d", now, now + HOUR, 100)
            if state is not State.SENDING:
                due_at = now + HOUR if state is State.DEFERRED else None
                settled = [
                    Settlement(recipient=one, state=state, at=now, due_at=due_at, outcome=TAKEN)
                    for one in leased
                ]
                await queue.settle("d", settled)
        return list(numbers[1])

    def address(self, recipient_id: int, form: Form = RETURN, *, at: int | None = None) -> str:
        """The address that names a recipient."""
        issued = self.clock.now() if at is None else at
        return f"{encode(recipient_id, issued, KEYS.return_path, form)}@{DOMAIN}"

    def client(self) -> smtplib.SMTP:
        """A client of the standard library that has said EHLO (blocking)."""
        client = smtplib.SMTP("127.0.0.1", self.port, local_hostname="out.relay.test", timeout=20)
        client.ehlo()
        return client

    async def hand_in(self, octets: bytes, *to: str, mail_from: str = "") -> None:
        """Send a mail to the listener, one recipient a mail for the null sender."""

        def send() -> None:
            with self.client() as client:
                client.sendmail(mail_from, list(to), octets)

        await asyncio.to_thread(send)

    async def understand(self) -> list[Entry]:
        """Understand all that waits; return the list, oldest first."""
        processing = Processing(self.needs)
        while await processing.step():
            pass
        return (await self.spool.entries(1_000))[::-1]

    async def came_back(self, octets: bytes, *to: str, mail_from: str = "") -> Entry:
        """Hand a mail in, understand it, and return what became of it."""
        await self.hand_in(octets, *to, mail_from=mail_from)
        return (await self.understand())[-1]

    async def events(self, recipient_id: int) -> list[Event]:
        """What happened to a recipient, oldest first."""
        row = await self.row(recipient_id)
        found = await EventStore(self.database).of_message(row["message_id"])
        return [each for each in found if each.recipient_id == recipient_id]

    async def kinds(self, recipient_id: int) -> list[EventKind]:
        """The kinds of those events."""
        return [each.kind for each in await self.events(recipient_id)]

    async def row(self, recipient_id: int) -> Mapping[str, Any]:
        """A recipient's row."""
        statement = Statement(select(recipient).where(recipient.c.id == recipient_id))
        async with self.database.read() as transaction:
            [row] = await transaction.fetch(statement)
        return row

    async def contents(self) -> int:
        """How many contents are stored."""
        async with self.database.read() as transaction:
            return len(await transaction.fetch(Statement(select(message_content.c.message_id))))

    async def messages(self, source: str) -> list[Mapping[str, Any]]:
        """The messages of one source."""
        statement = Statement(select(message).where(message.c.source == source))
        async with self.database.read() as transaction:
            return list(await transaction.fetch(statement))


@asynccontextmanager
async def inbound_world(
    database: Database, folder: Path, clock: SettableClock, **mx: Any
) -> AsyncIterator[InboundWorld]:
    """Build and serve; one account with the verified domain `DOMAIN` and two senders."""
    policy = Policy(mailbox_per_hour=1)
    accounts = Accounts(store=AccountStore(database, BOX), clock=clock, ids=Ids(), policy=policy)
    identities = Identities(
        store=IdentityStore(database, BOX),
        clock=clock,
        domains=Domains(),
        policy=policy,
        make=quick_key,
    )
    senders = Senders(store=SenderStore(database), clock=clock, policy=policy)
    account = (await accounts.create("shop")).account  # type: ignore[union-attr]
    identity = await identities.create(account.id, DOMAIN)
    record = DnsRecord(
        group=RecordGroup.MX, type="MX", name=DOMAIN, expected="m", state=RecordState.OK
    )
    await identities.record_check(identity, [record])  # type: ignore[arg-type]
    for local in ("news", "help"):
        await senders.create(account.id, f"{local}@{DOMAIN}", "")
    templates = Templates(
        store=TemplateStore(database), clock=clock, review=Review(), policy=policy
    )
    door = Door(
        directory=CatalogDirectory(senders=senders, identities=identities, templates=templates),
        limits=Limits(policy, ZONE),
        store=AcceptStore(database, clock),
        clock=clock,
        ids=Ids(),
        zone=ZONE,
        lifetime_ms=72 * HOUR,
    )
    router = Router(ForwardingStore(database), clock, KEYS, (HOST,), ScoreAddressStore(database))
    spool = Spool(database)
    settings = Settings(data_dir=str(folder), service=Service(hostname=HOST), mx=MxSettings(**mx))
    async with DnsServer() as dns:
        dns.add_zone("test")
        resolver = Resolver([dns.address], clock, timeout_s=1.0, rounds=1)
        needs = InboundNeeds(
            owner="one",
            spool=spool,
            effects=EffectStore(database),
            router=router,
            forwarder=Forwarder(
                accept=door.accept, accounts=accounts, senders=senders, router=router
            ),
            lookups=resolver,
            keys=KEYS,
            host_name=HOST,
            clock=clock,
            rules=lambda: None,
            scorer=Scorer(reviewer=reviewer(), lookups=resolver),
        )
        shared = Inbound(
            router=router,
            spool=spool,
            permits=Permits(database, clock, LimitScope.INBOUND_SECOND),
            clock=clock,
            connections=ConnectionCounts.of(settings, "mx", BOX),
            connections_per_address=settings.mx.connections_per_address,
            mails_per_second=settings.mx.mails_per_second,
        )
        server = build_mx(settings, shared, Certificate.of(settings, clock))
        sock = socket.create_server(("127.0.0.1", 0))
        try:
            yield InboundWorld(
                database=database,
                clock=clock,
                dns=dns,
                account_id=account.id,
                identity_id=identity.id,  # type: ignore[union-attr]
                router=router,
                spool=spool,
                needs=needs,
                server=server,
                port=(await server.start(sock=sock))[1],
                folder=folder,
            )
        finally:
            await server.stop(grace_s=5)
            await resolver.close()
