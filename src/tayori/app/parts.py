"""What every process and command needs: settings, clock, key, database, and the verbs over it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from tayori.app.people import People, build_people
from tayori.catalog.directory import CatalogDirectory
from tayori.catalog.list_file_store import ListFileStore
from tayori.catalog.list_files import ListFiles
from tayori.catalog.receiver_store import ReceiverStore
from tayori.catalog.receivers import Receivers
from tayori.catalog.sender_store import SenderStore
from tayori.catalog.senders import Senders
from tayori.catalog.template_store import TemplateStore
from tayori.catalog.templates import Templates
from tayori.catalog.tracking_store import TrackingStore
from tayori.config.tree import Settings
from tayori.db.database import Database
from tayori.db.open import database_url, open_database
from tayori.db.revision import is_current
from tayori.db.wakeup import Wakeup, open_wakeup
from tayori.dns.exchange import parse_server
from tayori.dns.resolver import Resolver
from tayori.queue.store import QueueStore
from tayori.runtime.clock import Clock, process_clock
from tayori.runtime.ids import Ids
from tayori.runtime.secrets import SecretBox, load_key
from tayori.screen.decisions import record_decision
from tayori.screen.desk import ReviewDesk
from tayori.screen.review import Reviewer
from tayori.suppress.store import SuppressStore
from tayori.tenants.account_store import AccountStore
from tayori.tenants.accounts import Accounts
from tayori.tenants.identities import Identities
from tayori.tenants.identity_store import IdentityStore
from tayori.tenants.limit_store import LimitStore
from tayori.tenants.limits import AccountLimits
from tayori.tenants.model import Account
from tayori.tenants.rotation import Rotations
from tayori.tenants.rotation_store import RotationStore

KEY_FILE = "secret.key"
RUN_DIR = "run"
"""Lock, pipes and metrics of a running server; nothing in it outlives the processes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The installation, opened: one value from which processes and commands are put together."""

    settings: Settings
    data_dir: Path
    url: str
    zone: tzinfo
    clock: Clock
    ids: Ids
    box: SecretBox
    database: Database
    resolver: Resolver
    accounts: Accounts
    people: People
    limits: AccountLimits
    identities: Identities
    rotations: Rotations
    senders: Senders
    templates: Templates
    receivers: Receivers
    list_files: ListFiles
    queue: QueueStore
    suppressions: SuppressStore
    tracking: TrackingStore
    queue_signal: Wakeup
    bulk_signal: Wakeup
    upload_signal: Wakeup
    inbound_signal: Wakeup

    @property
    def directory(self) -> CatalogDirectory:
        """Return what the door asks about accounts."""
        return CatalogDirectory(
            senders=self.senders, identities=self.identities, templates=self.templates
        )

    async def account_of_sender(self, address: str) -> Account | None:
        """Return the account to which a sender address belongs."""
        sender = await self.senders.for_login(address.lower())
        found = await self.accounts.get(sender.account_id) if sender else None
        return found if isinstance(found, Account) else None


async def prepare(settings: Settings) -> None:
    """Make data directory, key file and schema when they are absent; SchemaError, SecretError."""
    data_dir = Path(settings.data_dir)
    load_key(data_dir / KEY_FILE)
    url = database_url(settings.database.url, data_dir)
    if not await is_current(url):
        # Imported here because the machinery is slow to load and rarely needed.
        from tayori.db import migrate

        await migrate.prepare(url)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Parts]:
    """Open a prepared installation; everything is closed at the end of the block."""
    data_dir = Path(settings.data_dir)
    url = database_url(settings.database.url, data_dir)
    database = open_database(url, settings.database.pool_size)
    try:
        yield _assemble(settings, data_dir, url, database)
    finally:
        await database.close()


def _assemble(settings: Settings, data_dir: Path, url: str, database: Database) -> Parts:
    clock = process_clock()
    ids = Ids()
    box = SecretBox(load_key(data_dir / KEY_FILE))
    policy = settings.policy
    limits = AccountLimits(LimitStore(database), clock, policy)
    zone = ZoneInfo(settings.service.timezone)
    upload_signal = open_wakeup(url, data_dir / RUN_DIR, "upload")
    identities = _identities(settings, database, box, clock, limits)
    return Parts(
        settings=settings,
        data_dir=data_dir,
        url=url,
        zone=zone,
        clock=clock,
        ids=ids,
        box=box,
        database=database,
        resolver=_resolver(settings, clock),
        accounts=Accounts(store=AccountStore(database, box), clock=clock, ids=ids, policy=policy),
        people=build_people(settings, database, box, clock, ids),
        limits=limits,
        identities=identities,
        rotations=_rotations(settings, database, box, clock, identities),
        senders=Senders(store=SenderStore(database), clock=clock, policy=policy, limits=limits),
        templates=Templates(
            store=TemplateStore(database, record_decision),
            clock=clock,
            review=_review_desk(settings, data_dir, clock, zone).first_review,
            policy=policy,
            limits=limits,
        ),
        list_files=_list_files(database, clock, limits, upload_signal),
        receivers=Receivers(
            store=ReceiverStore(database),
            clock=clock,
            policy=policy,
            limits=limits,
            announce=upload_signal.announce,
        ),
        queue=QueueStore(database),
        suppressions=SuppressStore(database),
        tracking=TrackingStore(database, clock),
        queue_signal=open_wakeup(url, data_dir / RUN_DIR, "queue"),
        bulk_signal=open_wakeup(url, data_dir / RUN_DIR, "bulk"),
        upload_signal=upload_signal,
        inbound_signal=open_wakeup(url, data_dir / RUN_DIR, "inbound"),
    )


def _list_files(
    database: Database, clock: Clock, limits: AccountLimits, signal: Wakeup
) -> ListFiles:
    store = ListFileStore(database)
    return ListFiles(store=store, clock=clock, limits=limits, announce=signal.announce)


def _identities(
    settings: Settings, database: Database, box: SecretBox, clock: Clock, limits: AccountLimits
) -> Identities:
    return Identities(
        store=IdentityStore(database, box),
        clock=clock,
        domains=settings.domains,
        policy=settings.policy,
        limits=limits,
    )


def _rotations(
    settings: Settings, database: Database, box: SecretBox, clock: Clock, identities: Identities
) -> Rotations:
    return Rotations(
        store=RotationStore(database, box),
        identities=identities,
        clock=clock,
        domains=settings.domains,
    )


def _resolver(settings: Settings, clock: Clock) -> Resolver:
    return Resolver(
        [parse_server(server) for server in settings.dns.servers],
        clock,
        timeout_s=settings.dns.timeout_s,
        trust_ad=settings.dns.trust_ad,
    )


def _review_desk(settings: Settings, data_dir: Path, clock: Clock, zone: tzinfo) -> ReviewDesk:
    reviewer = Reviewer(data_dir, web_links=settings.review.web_links)
    return ReviewDesk(reviewer, settings.review, clock, zone)
