"""The console, put together."""

from collections.abc import Awaitable, Callable
from typing import Any

from tayori.accept.door import Door
from tayori.app.billing import build_desk
from tayori.app.delivery import warmup
from tayori.app.notices import build_notices, build_verdicts
from tayori.app.parts import Parts
from tayori.app.reputation import build_bench, build_pace, build_planner, build_quotas
from tayori.app.scoring import build_scorer
from tayori.app.tasks import build_tasks
from tayori.bulk.outlook_store import OutlookStore
from tayori.callbacks.endpoint_store import EndpointStore
from tayori.callbacks.endpoints import Endpoints
from tayori.callbacks.posting import Poster
from tayori.catalog.template_look_store import TemplateLookStore
from tayori.catalog.unsubscribe_store import UnsubscribeStore
from tayori.db.roll_store import RollStore
from tayori.delivery.reactions.store import ReactionStore
from tayori.delivery.security.store import SecurityStore
from tayori.edge.console.app import build_console
from tayori.edge.console.log_ins import FREE, LogIns
from tayori.edge.console.operating import Operating
from tayori.edge.console.services import ConsoleServices
from tayori.notices.owners import OwnerNotices
from tayori.queue.operator_store import OperatorStore
from tayori.queue.overview_store import OverviewStore
from tayori.queue.story_store import StoryStore
from tayori.queue.unclassified_store import UnclassifiedStore
from tayori.reputation.backoff_store import BackoffStore
from tayori.reputation.level_store import LevelStore
from tayori.reputation.permits import Permits
from tayori.reputation.standing_store import StandingStore
from tayori.stats.response_store import ResponseStore
from tayori.stats.store import StatsStore
from tayori.suppress.listed_store import ListedStore
from tayori.suppress.listing_store import ListingStore, ListName
from tayori.tenants.api_log_store import AccessStore
from tayori.tenants.pool_store import PoolStore

Asgi = Callable[[Any, Any, Any], Awaitable[None]]
PATH = "/console"


def console(parts: Parts, door: Door, permits: Permits) -> Asgi:
    """Return the application of the console's pages."""
    return build_console(console_services(parts, door, permits))


def console_services(parts: Parts, door: Door, permits: Permits) -> ConsoleServices:
    """Return the verbs that pages ask."""
    endpoint_store = EndpointStore(parts.database, parts.box)
    notices = build_notices(parts, door)
    owners = OwnerNotices(notices, parts.accounts)
    bench = build_bench(parts)
    return ConsoleServices(
        users=parts.people.users,
        sessions=parts.people.sessions,
        links=parts.people.links,
        factor=parts.people.factor,
        log_ins=LogIns(
            users=parts.people.users,
            factor=parts.people.factor,
            failures=BackoffStore(parts.database, parts.clock, FREE),
        ),
        notices=notices,
        owners=owners,
        verdicts=build_verdicts(parts, owners),
        audit=parts.people.audit,
        accounts=parts.accounts,
        limits=parts.limits,
        identities=parts.identities,
        rotations=parts.rotations,
        security=SecurityStore(parts.database),
        levels=LevelStore(parts.database, bench),
        reputation_rules=bench.rules,
        senders=parts.senders,
        unsubscribes=UnsubscribeStore(parts.database),
        endpoints=Endpoints(
            store=endpoint_store, settings=parts.settings.callbacks, clock=parts.clock
        ),
        endpoint_store=endpoint_store,
        templates=parts.templates,
        template_looks=TemplateLookStore(parts.database),
        scorer=build_scorer(parts, None),
        receivers=parts.receivers,
        list_files=parts.list_files,
        door=door,
        tasks=build_tasks(parts, door),
        outlook=OutlookStore(parts.database),
        planner=build_planner(parts),
        pace=build_pace(parts),
        queue=parts.queue,
        stories=StoryStore(parts.database),
        operating=_operating(parts),
        stats=StatsStore(parts.database),
        suppressions=parts.suppressions,
        listed=ListedStore(parts.database),
        responses=ResponseStore(parts.database),
        standing=StandingStore(parts.database, build_quotas(parts)),
        permits=permits,
        resolver=parts.resolver,
        database=parts.database,
        settings=parts.settings,
        box=parts.box,
        clock=parts.clock,
        ids=parts.ids,
        zone=parts.zone,
    )


def _operating(parts: Parts) -> Operating:
    database = parts.database
    return Operating(
        queue=OperatorStore(database),
        overview=OverviewStore(database),
        queue_changed=parts.queue_signal.announce,
        reactions=ReactionStore(database),
        replies=UnclassifiedStore(database),
        roll=RollStore(database),
        security=SecurityStore(database),
        pools=PoolStore(database),
        levels=LevelStore(database, build_bench(parts)),
        billing=build_desk(parts),
        blacklist=ListingStore(database, ListName.SHARED),
        calls=AccessStore(database),
        warmup=lambda: warmup(parts),
        poster=lambda: Poster(parts.resolver, parts.settings.callbacks, parts.clock),
        data_dir=parts.data_dir,
    )


def is_console(path: str) -> bool:
    """Tell whether a path belongs to the console."""
    return path == PATH or path.startswith(f"{PATH}/")
