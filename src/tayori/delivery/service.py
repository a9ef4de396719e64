"""Puts the delivery of one process together."""

import random
import ssl
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tayori.classify.current import BounceRules
from tayori.config.delivery import DeliverySettings
from tayori.config.tree import Settings
from tayori.db.wakeup import Wakeup
from tayori.delivery.attempts import Attempts, Composer
from tayori.delivery.connections import Connections
from tayori.delivery.hosts import HostHealth
from tayori.delivery.loop import DeliveryLoop, LoopLimits, Router
from tayori.delivery.pace import Pace
from tayori.delivery.pacing.pacer import Pacer
from tayori.delivery.pacing.store import PacingStore
from tayori.delivery.plan import Planner, Route, RouteKey
from tayori.delivery.reactions.apply import destination_of
from tayori.delivery.reactions.service import Reactions
from tayori.delivery.screening import Screening
from tayori.delivery.security.model import Demand
from tayori.delivery.security.opening import Opener
from tayori.delivery.security.service import Security
from tayori.delivery.settler import Settler
from tayori.delivery.shaping import Restraints, Shape, Shaping, limited_by
from tayori.delivery.shaping_rules import LiveShaping
from tayori.delivery.simulator import Simulator
from tayori.delivery.site import Site
from tayori.delivery.smarthost import SmarthostPlanner
from tayori.delivery.source_choice import SourceChooser
from tayori.delivery.stops import Stops
from tayori.delivery.suppression import LastLook
from tayori.delivery.window import Window
from tayori.dns.mx import MailHostFinder
from tayori.dns.resolver import Resolver
from tayori.queue.store import QueueStore
from tayori.runtime.clock import SECOND, Clock
from tayori.runtime.listening import parse_listen
from tayori.smtp.envelope import Timeouts
from tayori.smtp.tls import ClientTls
from tayori.suppress.store import SuppressStore

MOST_WINDOWS = 10_000
"""Sites whose number of connections is remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryNeeds:
    """What delivery is given.

    `owner` names this process in leases; `most_held` recipients are leased at a time.
    """

    owner: str
    settings: Settings
    queue: QueueStore
    suppressions: SuppressStore
    reactions: Reactions
    bounce_rules: BounceRules | None = None
    """What refusals mean; None reads the rules of the data directory."""
    pacing: PacingStore
    composer: Composer
    resolver: Resolver
    signal: Wakeup
    clock: Clock
    chance: random.Random
    most_held: int = 1_000
    sources: SourceChooser | None = None
    """Chooses among the sources of the settings; None without any."""
    screening: Screening | None = None
    """Scans mails before they are attempted; None without a scanner."""
    stops: Stops | None = None
    """What keeps back mail of suspended accounts and stopped domains; None = nothing does."""
    journals: Path | None = None
    """Where the processes of this machine note what is delivered and not yet settled."""
    security: Security | None = None
    """Policies of receivers and demands of ours; None leaves the rules and `delivery.tls`."""


def build_delivery(needs: DeliveryNeeds) -> DeliveryLoop:
    """Return the loop, not started."""
    delivery = needs.settings.delivery
    settler = Settler(needs.queue, needs.owner, needs.journals)
    shaping = LiveShaping(Path(needs.settings.data_dir), delivery)
    bounce_rules = needs.bounce_rules or BounceRules(Path(needs.settings.data_dir))
    pacer = Pacer(store=needs.pacing, owner=needs.owner, clock=needs.clock)
    pacing = _Pacing(pacer, shaping, needs.reactions, needs.clock)
    connections = _connections(needs)
    attempts = Attempts(queue=needs.queue, composer=needs.composer, clock=needs.clock)

    def make_site(route: Route) -> Site:
        return Site(
            route,
            connections=connections,
            attempts=attempts,
            settler=settler,
            clock=needs.clock,
            chance=needs.chance,
            pacing=pacing.pace,
            learn=needs.sources.learn if needs.sources else None,
            heard=needs.reactions.heard,
            rules=bounce_rules,
        )

    return DeliveryLoop(
        owner=needs.owner,
        queue=needs.queue,
        router=_router(needs, lambda: shaping.current),
        last_look=_last_look(needs, bounce_rules),
        connections=connections,
        settler=settler,
        make_site=make_site,
        reactions=needs.reactions,
        pacer=pacer,
        shaping=shaping,
        signal=needs.signal,
        clock=needs.clock,
        chance=needs.chance,
        sources=needs.sources,
        screening=needs.screening,
        refresh=(bounce_rules.refresh,),
        securing=needs.security.securing if needs.security else None,
        limits=LoopLimits(
            most_held=needs.most_held,
            lease_ms=int(delivery.lease_s * SECOND),
            finish_s=delivery.finish_s,
        ),
    )


def _last_look(needs: DeliveryNeeds, rules: BounceRules) -> LastLook:
    domain = needs.settings.simulator.domain.strip().lower().rstrip(".")
    simulator = Simulator(domain, needs.clock, needs.chance, rules)
    return LastLook(needs.suppressions, needs.clock, needs.stops, simulator)


class _Pacing:
    """Makes the pace of each site; what a site was found to bear outlives its idle moments."""

    def __init__(
        self, pacer: Pacer, shaping: LiveShaping, restraints: Restraints, clock: Clock
    ) -> None:
        self._pacer = pacer
        self._shaping = shaping
        self._restraints = restraints
        self._clock = clock
        self._windows: OrderedDict[RouteKey, Window] = OrderedDict()

    def shape(self, route: Route) -> Shape:
        """Return what is in force along a route: the rules, made narrower by reactions."""
        source = route.source.name
        shape = self._shaping.current.shape(route.provider, route.own_rule, source)
        return limited_by(shape, self._restraints.for_site(destination_of(route), source))

    def pace(self, route: Route, free: Callable[[], None]) -> Pace:
        """Return the pace of a site that just got work."""
        window = self._windows.pop(route.key, None) or Window()
        self._windows[route.key] = window
        if len(self._windows) > MOST_WINDOWS:
            self._windows.popitem(last=False)
        return Pace(
            route,
            pacer=self._pacer,
            shape_of=self.shape,
            window=window,
            clock=self._clock,
            free=free,
        )


def timeouts_of(delivery: DeliverySettings) -> Timeouts:
    """Return the client's limits: RFC 5321's, or one for all replies (see the setting)."""
    if not delivery.reply_timeout_s:
        return Timeouts(connect_s=delivery.connect_timeout_s)
    one = delivery.reply_timeout_s
    return Timeouts(
        connect_s=delivery.connect_timeout_s,
        greeting_s=one,
        hello_s=one,
        tls_s=one,
        mail_s=one,
        rcpt_s=one,
        data_s=one,
        block_s=one,
        final_s=one,
        reset_s=one,
    )


def client_tls_of(delivery: DeliverySettings) -> ClientTls:
    """Return the trust roots and versions of the settings."""
    return ClientTls(
        trust_roots=Path(delivery.tls_ca_file) if delivery.tls_ca_file else None,
        minimum=ssl.TLSVersion[f"TLSv{delivery.minimum_tls.replace('.', '_')}".removesuffix("_0")],
    )


def _connections(needs: DeliveryNeeds) -> Connections:
    delivery = needs.settings.delivery
    results = needs.security.results if needs.security else None
    port = parse_listen(delivery.smarthost)[1] if delivery.smarthost else delivery.port
    return Connections(
        ehlo_name=needs.settings.service.hostname,
        port=port,
        clock=needs.clock,
        opener=Opener(
            client_tls=client_tls_of(delivery),
            timeouts=timeouts_of(delivery),
            clock=needs.clock,
            least=Demand.VERIFIED if delivery.tls == "required" else Demand.ANY,
            ladder=needs.security.ladder if needs.security else None,
            told=results.tried if results else None,
        ),
        hosts=HostHealth(needs.clock, needs.chance),
    )


def _router(needs: DeliveryNeeds, rules: Callable[[], Shaping]) -> Router:
    delivery = needs.settings.delivery
    if delivery.smarthost:
        return SmarthostPlanner(parse_listen(delivery.smarthost)[0], needs.resolver)
    finder = MailHostFinder(needs.resolver, needs.clock, needs.chance)
    return Planner(finder, needs.chance, allow_private=delivery.allow_private_networks, rules=rules)
