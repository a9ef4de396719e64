"""What pages ask: the verbs and stores of the rooms below, as plain arguments."""

from dataclasses import dataclass
from datetime import tzinfo

from tayori.accept.door import Door
from tayori.bulk.outlook_store import OutlookStore
from tayori.bulk.tasks import Tasks
from tayori.callbacks.endpoint_store import EndpointStore
from tayori.callbacks.endpoints import Endpoints
from tayori.catalog.list_files import ListFiles
from tayori.catalog.receivers import Receivers
from tayori.catalog.senders import Senders
from tayori.catalog.template_look_store import TemplateLookStore
from tayori.catalog.templates import Templates
from tayori.catalog.unsubscribe_store import UnsubscribeStore
from tayori.config.tree import Settings
from tayori.db.database import Database
from tayori.delivery.security.store import SecurityStore
from tayori.dns.resolver import Resolver
from tayori.edge.console.log_ins import LogIns
from tayori.edge.console.operating import Operating
from tayori.inbound.scoring import Scorer
from tayori.notices.owners import OwnerNotices
from tayori.notices.sender import Notices
from tayori.notices.verdicts import Verdicts
from tayori.queue.store import QueueStore
from tayori.queue.story_store import StoryStore
from tayori.reputation.level_store import LevelStore
from tayori.reputation.pace import Pace
from tayori.reputation.permits import Permits
from tayori.reputation.plan_store import Planner
from tayori.reputation.rules import Rules
from tayori.reputation.standing_store import StandingStore
from tayori.runtime.clock import Clock
from tayori.runtime.ids import Ids
from tayori.runtime.secrets import SecretBox
from tayori.stats.response_store import ResponseStore
from tayori.stats.store import StatsStore
from tayori.suppress.listed_store import ListedStore
from tayori.suppress.store import SuppressStore
from tayori.tenants.accounts import Accounts
from tayori.tenants.identities import Identities
from tayori.tenants.limits import AccountLimits
from tayori.tenants.rotation import Rotations
from tayori.tenants.users.audit import AuditLog
from tayori.tenants.users.links import Links
from tayori.tenants.users.second_factor import SecondFactor
from tayori.tenants.users.sessions import Sessions
from tayori.tenants.users.users import Users


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleServices:
    """The verbs of all pages. `database` is for health and limits alone; stores hold the SQL."""

    users: Users
    sessions: Sessions
    links: Links
    factor: SecondFactor
    log_ins: LogIns
    notices: Notices
    owners: OwnerNotices
    verdicts: Verdicts
    audit: AuditLog
    accounts: Accounts
    limits: AccountLimits
    identities: Identities
    rotations: Rotations
    security: SecurityStore
    levels: LevelStore
    reputation_rules: Rules
    senders: Senders
    unsubscribes: UnsubscribeStore
    endpoints: Endpoints
    endpoint_store: EndpointStore
    templates: Templates
    template_looks: TemplateLookStore
    scorer: Scorer
    receivers: Receivers
    list_files: ListFiles
    door: Door
    tasks: Tasks
    outlook: OutlookStore
    planner: Planner
    pace: Pace
    queue: QueueStore
    stories: StoryStore
    operating: Operating
    stats: StatsStore
    suppressions: SuppressStore
    listed: ListedStore
    responses: ResponseStore
    standing: StandingStore
    permits: Permits
    resolver: Resolver
    database: Database
    settings: Settings
    box: SecretBox
    clock: Clock
    ids: Ids
    zone: tzinfo
