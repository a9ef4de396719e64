"""What the actions work with, handed in once by the composition root."""

from dataclasses import dataclass
from datetime import tzinfo

from tayori.accept.door import Door
from tayori.bulk.tasks import Tasks
from tayori.catalog.receivers import Receivers
from tayori.catalog.senders import Senders
from tayori.catalog.templates import Templates
from tayori.catalog.unsubscribe_store import UnsubscribeStore
from tayori.config.delivery import DeliverySettings
from tayori.config.tree import Domains, Policy
from tayori.dns.answers import Lookups
from tayori.inbound.score_addresses import ScoreAddresses
from tayori.inbound.scoring import Scorer
from tayori.notices.verdicts import Verdicts
from tayori.queue.store import QueueStore
from tayori.reputation.standing_store import StandingStore
from tayori.runtime.clock import Clock
from tayori.stats.store import StatsStore
from tayori.suppress.store import SuppressStore
from tayori.tenants.identities import Identities
from tayori.tenants.rotation import Rotations


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The collaborators of all actions.

    `lookups` asks the DNS for verification, `domains` says what customers publish, `zone` is the
    time zone in which a day begins.
    """

    identities: Identities
    rotations: Rotations
    senders: Senders
    templates: Templates
    verdicts: Verdicts
    door: Door
    queue: QueueStore
    receivers: Receivers
    stats: StatsStore
    suppressions: SuppressStore
    unsubscribes: UnsubscribeStore
    tasks: Tasks
    lookups: Lookups
    domains: Domains
    delivery: DeliverySettings
    standing: StandingStore
    policy: Policy
    scorer: Scorer
    score_addresses: ScoreAddresses
    clock: Clock
    zone: tzinfo
