"""What pages of operators ask beside what customers' pages do, and the logs of accounts."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tayori.callbacks.posting import Poster
from tayori.db.roll_store import RollStore
from tayori.delivery.reactions.store import ReactionStore
from tayori.delivery.security.store import SecurityStore
from tayori.queue.operator_store import OperatorStore
from tayori.queue.overview_store import OverviewStore
from tayori.queue.unclassified_store import UnclassifiedStore
from tayori.reputation.level_store import LevelStore
from tayori.reputation.warmup_store import WarmupStore
from tayori.suppress.listing_store import ListingStore
from tayori.tenants.api_log_store import AccessStore
from tayori.tenants.billing.billing import BillingDesk
from tayori.tenants.pool_store import PoolStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Operating:
    """The verbs and stores. `queue_changed` wakes delivery, `warmup` reads its rules anew."""

    queue: OperatorStore
    overview: OverviewStore
    queue_changed: Callable[[], None]
    reactions: ReactionStore
    replies: UnclassifiedStore
    roll: RollStore
    security: SecurityStore
    pools: PoolStore
    levels: LevelStore
    billing: BillingDesk
    blacklist: ListingStore
    calls: AccessStore
    warmup: Callable[[], WarmupStore]
    poster: Callable[[], Poster]
    data_dir: Path
