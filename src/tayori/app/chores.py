"""Work that nobody waits for: bulk tasks, statistics, re-checks of domains, sweeping."""

from tayori.accept import idempotency_store as idempotency
from tayori.app.calling import calling
from tayori.app.door import build_door, simulator_domain
from tayori.app.inbound import understanding
from tayori.app.notices import build_owner_notices
from tayori.app.parts import Parts
from tayori.app.people import people_chores
from tayori.app.presence import Presence
from tayori.app.reputation import build_levels
from tayori.app.roles import Kind, Role
from tayori.app.tasks import build_runner
from tayori.app.tls_reports import tls_chores
from tayori.catalog.upload_store import UploadStore
from tayori.delivery.reactions.store import ReactionStore
from tayori.events.feed_store import Horizon
from tayori.inbound.machines import Machines
from tayori.inbound.visit_store import AT_ONCE, VisitStore
from tayori.queue.retention import Retention
from tayori.queue.retention_store import RetentionStore
from tayori.reputation.store import sweep
from tayori.runtime.clock import DAY
from tayori.runtime.service import Periodic, Service
from tayori.runtime.worker import Worker
from tayori.screen.scanners.scanner import scanner_of
from tayori.stats.rollup import RollUp
from tayori.stats.store import StatsStore
from tayori.suppress.full_mailbox_store import sweep_full
from tayori.tenants.api_log_store import AccessStore
from tayori.tenants.rechecks import Rechecks

SWEEP_S = 60.0
RETENTION_S = 300.0
RECHECK_S = 5.0
ROLL_UP_S = 2.0
VISITS_S = 0.5
RECHECKS_AT_ONCE = 20


def chores(parts: Parts, roles: frozenset[Role]) -> list[Service]:
    """Return the services of the roles of this process."""
    scanner = scanner_of(parts.settings.scan, parts.clock) if Role.INBOUND in roles else None
    services: list[Service] = [Presence(parts, Kind.CHORES, scanner)]
    if Role.SWEEP in roles:
        services += _sweeping(parts)
        services += tls_chores(parts)
        services += people_chores(parts.people, parts.settings)
    if Role.BULK in roles:
        services += _bulk(parts)
    if Role.INBOUND in roles:
        services += understanding(parts, scanner)
    if Role.CALLBACKS in roles:
        services += calling(parts)
    if Role.STATS in roles:
        services += [_visits(parts), _stats(parts), _levels(parts)]
    return services


def _bulk(parts: Parts) -> list[Service]:
    runner = build_runner(parts, build_door(parts))
    uploads = UploadStore(parts.database)

    async def fill_lists() -> bool:
        return await uploads.store_part() or await parts.list_files.read()

    return [
        Worker("bulk tasks", runner.step, parts.bulk_signal),
        Worker("uploads", fill_lists, parts.upload_signal),
        Periodic("forget files of lists", SWEEP_S, parts.list_files.sweep),
    ]


def _stats(parts: Parts) -> Service:
    rollup = RollUp(
        store=StatsStore(
            parts.database,
            prepaid=parts.settings.billing.prepaid,
            simulator=simulator_domain(parts.settings),
        ),
        horizon=Horizon(parts.database),
        zone=parts.zone,
    )
    return Periodic("statistics", ROLL_UP_S, rollup.run)


def _levels(parts: Parts) -> Service:
    return Periodic("levels", ROLL_UP_S, build_levels(parts).run)


def _visits(parts: Parts) -> Service:
    store, machines = VisitStore(parts.database), Machines(parts.data_dir)

    counted = frozenset(parts.settings.tracking.counted_machines)

    async def judge() -> None:
        machines.refresh()
        while await store.settle(parts.clock.now(), machines.name, counted) == AT_ONCE:
            pass

    return Periodic("judge visits", VISITS_S, judge)


def _sweeping(parts: Parts) -> list[Service]:
    rechecks = _rechecks(parts)

    async def check_domains() -> None:
        while await rechecks.run_due(RECHECKS_AT_ONCE) == RECHECKS_AT_ONCE:
            pass

    async def forget_counters() -> None:
        async with parts.database.write() as transaction:
            await sweep(transaction, parts.clock.now())

    retention = Retention(
        store=RetentionStore(parts.database),
        clock=parts.clock,
        days=parts.settings.retention.days,
    )

    async def forget_tokens() -> None:
        more = True
        while more:
            async with parts.database.write() as transaction:
                more = await idempotency.sweep(transaction, parts.clock.now())

    async def forget_calls() -> None:
        kept = parts.settings.http.access_log_days * DAY
        await AccessStore(parts.database).sweep(parts.clock.now() - kept)

    async def forget_blocked() -> None:
        await parts.suppressions.sweep(parts.clock.now())
        async with parts.database.write() as transaction:
            await sweep_full(transaction, parts.clock.now())

    async def forget_reactions() -> None:
        await ReactionStore(parts.database).sweep(parts.clock.now())

    return [
        Periodic("check domains", RECHECK_S, check_domains),
        Periodic("forget counters", SWEEP_S, forget_counters),
        Periodic("forget tokens", SWEEP_S, forget_tokens),
        Periodic("forget calls", SWEEP_S, forget_calls),
        Periodic("forget blocked addresses", SWEEP_S, forget_blocked),
        Periodic("forget reactions", SWEEP_S, forget_reactions),
        Periodic("forget figures", SWEEP_S, build_levels(parts).sweep),
        Periodic("forget mails", RETENTION_S, retention.run),
    ]


def _rechecks(parts: Parts) -> Rechecks:
    return Rechecks(
        identities=parts.identities,
        rotations=parts.rotations,
        lookups=parts.resolver,
        domains=parts.settings.domains,
        broken=build_owner_notices(parts).domain_broken,
    )
