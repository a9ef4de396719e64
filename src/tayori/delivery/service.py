"""Puts the delivery of one process together."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tayori.classify.current import BounceRules
from tayori.config.tree import DeliverySettings, Settings
from tayori.db.wakeup import Wakeup
from tayori.delivery.attempts import Attempts, Composer
from tayori.delivery.connections import Connections
from tayori.delivery.loop import DeliveryLoop, LoopLimits, Router
from tayori.delivery.plan import Planner, Route
from tayori.delivery.reactions.service import Reactions
from tayori.delivery.settler import Settler
from tayori.delivery.shaping import Shape, Shaping
from tayori.delivery.shaping_rules import LiveShaping
from tayori.delivery.site import Site
from tayori.delivery.smarthost import SmarthostPlanner
from tayori.delivery.source_choice import SourceChooser
from tayori.delivery.suppression import LastLook
from tayori.dns.mx import MailHostFinder
from tayori.dns.resolver import Resolver
from tayori.queue.store import QueueStore
from tayori.runtime.clock import SECOND, Clock
from tayori.runtime.listening import parse_listen
from tayori.smtp.envelope import Timeouts
from tayori.smtp.tls import ClientTls
from tayori.suppress.store import SuppressStore


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
    composer: Composer
    resolver: Resolver
    signal: Wakeup
    clock: Clock
    chance: random.Random
    most_held: int = 1_000
    sources: SourceChooser | None = None
    """Chooses among the sources of the settings; None without any."""


def build_delivery(needs: DeliveryNeeds) -> DeliveryLoop:
    """Return the loop, not started."""
    delivery = needs.settings.delivery
    settler = Settler(needs.queue, needs.owner)
    shaping = LiveShaping(Path(needs.settings.data_dir), delivery)
    shape = shaping.current.shape()
    bounce_rules = needs.bounce_rules or BounceRules(Path(needs.settings.data_dir))
    connections = _connections(needs, shape)
    attempts = Attempts(queue=needs.queue, composer=needs.composer, clock=needs.clock)

    def make_site(route: Route) -> Site:
        return Site(
            route,
            connections=connections,
            attempts=attempts,
            settler=settler,
            clock=needs.clock,
            chance=needs.chance,
            most_workers=shape.site.connections or 1,
            learn=needs.sources.learn if needs.sources else None,
            heard=needs.reactions.heard,
            rules=bounce_rules,
        )

    return DeliveryLoop(
        owner=needs.owner,
        queue=needs.queue,
        router=_router(needs, lambda: shaping.current),
        last_look=LastLook(needs.suppressions, needs.clock),
        connections=connections,
        settler=settler,
        make_site=make_site,
        reactions=needs.reactions,
        signal=needs.signal,
        clock=needs.clock,
        chance=needs.chance,
        sources=needs.sources,
        refresh=(bounce_rules.refresh,),
        limits=LoopLimits(lease_ms=int(delivery.lease_s * SECOND), finish_s=delivery.finish_s),
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


def _connections(needs: DeliveryNeeds, shape: Shape) -> Connections:
    delivery = needs.settings.delivery
    port = parse_listen(delivery.smarthost)[1] if delivery.smarthost else delivery.port
    return Connections(
        ehlo_name=needs.settings.service.hostname,
        port=port,
        clock=needs.clock,
        client_tls=ClientTls(
            trust_roots=Path(delivery.tls_ca_file) if delivery.tls_ca_file else None
        ),
        tls=delivery.tls,
        timeouts=timeouts_of(delivery),
        most_mails=shape.mails_per_connection,
        idle_ms=shape.idle_ms,
    )


def _router(needs: DeliveryNeeds, rules: Callable[[], Shaping]) -> Router:
    delivery = needs.settings.delivery
    if delivery.smarthost:
        return SmarthostPlanner(parse_listen(delivery.smarthost)[0], needs.resolver)
    finder = MailHostFinder(needs.resolver, needs.clock, needs.chance)
    return Planner(finder, needs.chance, allow_private=delivery.allow_private_networks, rules=rules)
