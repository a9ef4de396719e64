"""Mail that comes back, put together: the listener, and the role that understands it."""

import os
import random
import socket
from collections.abc import Awaitable, Callable, Sequence

from tayori.app.delivery import RETURN_PATH_PURPOSE
from tayori.app.door import build_door
from tayori.app.parts import Parts
from tayori.app.scoring import build_score_addresses, build_scorer, score_domain
from tayori.classify.current import BounceRules
from tayori.classify.rules import Ruleset
from tayori.delivery.plan import Planner
from tayori.delivery.reactions.hearsay import Hearsay, Said
from tayori.delivery.reactions.store import ReactionStore
from tayori.delivery.shaping_rules import LiveShaping
from tayori.dns.mx import MailHostFinder
from tayori.edge.certificate import Certificate
from tayori.edge.connection_counts import ConnectionCounts
from tayori.edge.mx.handler import Inbound
from tayori.edge.mx.server import build_mx
from tayori.edge.smtp_listeners import SmtpListeners
from tayori.inbound.dmarc_store import KEPT_DAYS, DmarcStore
from tayori.inbound.effect_store import EffectStore, Heard
from tayori.inbound.forwarding import Forwarder
from tayori.inbound.forwarding_store import ForwardingStore
from tayori.inbound.processing import InboundNeeds, Processing
from tayori.inbound.routing import Router, TokenKeys
from tayori.inbound.spool_store import Spool
from tayori.mail import tracking_token
from tayori.mail.reply import Reply, split_reply
from tayori.queue.operator_store import OperatorStore
from tayori.reputation.model import Scope
from tayori.reputation.permits import Permits
from tayori.runtime.clock import DAY
from tayori.runtime.service import Periodic, Service
from tayori.runtime.worker import Worker
from tayori.screen.scanners.scanner import Scanner
from tayori.screen.score.address_store import ScoreAddressStore

SWEEP_S = 300.0


def token_keys(parts: Parts) -> TokenKeys:
    """Return the keys that sign what names a recipient."""
    return TokenKeys(
        return_path=parts.box.derive(RETURN_PATH_PURPOSE),
        tracking=parts.box.derive(tracking_token.KEY_PURPOSE),
    )


def build_router(parts: Parts) -> Router:
    """Return what tells which mail is for us."""
    settings = parts.settings
    own = (
        settings.service.hostname,
        settings.domains.mx_host,
        score_domain(settings),
        *settings.mx.domains,
    )
    return Router(
        ForwardingStore(parts.database),
        parts.clock,
        token_keys(parts),
        own,
        ScoreAddressStore(parts.database),
    )


def listener(parts: Parts) -> SmtpListeners:
    """Return the inbound listener, not yet bound; CertificateError."""
    own = parts.settings.mx
    shared = Inbound(
        router=build_router(parts),
        spool=Spool(parts.database, parts.inbound_signal.announce),
        permits=Permits(parts.database, parts.clock, Scope.INBOUND_SECOND),
        clock=parts.clock,
        connections=ConnectionCounts.of(parts.settings, "mx", parts.box),
        connections_per_address=own.connections_per_address,
        mails_per_second=own.mails_per_second,
    )
    return build_mx(parts.settings, shared, Certificate.of(parts.settings, parts.clock))


def _hearing(
    parts: Parts, bounce_rules: BounceRules
) -> Callable[[Sequence[Heard]], Awaitable[None]] | None:
    """Return what counts reported refusals for reactions; a smart host hides whose they are."""
    settings = parts.settings.delivery
    if settings.smarthost:
        return None
    shaping = LiveShaping(parts.data_dir, settings)
    chance = random.Random()  # noqa: S311 - the order of hosts means nothing here
    planner = Planner(
        MailHostFinder(parts.resolver, parts.clock, chance),
        chance,
        allow_private=settings.allow_private_networks,
        rules=lambda: shaping.current,
    )
    hearsay = Hearsay(
        store=ReactionStore(parts.database),
        attempts=OperatorStore(parts.database),
        route=planner.route,
        bounce_rules=bounce_rules,
        data_dir=parts.data_dir,
    )

    async def hear(refusals: Sequence[Heard]) -> None:
        shaping.refresh()
        await hearsay.hear([said(each) for each in refusals], parts.clock.now())

    return hear


def said(heard: Heard) -> Said:
    """Return what a report said, with the reply that it quotes or one made of its words."""
    quoted = split_reply(heard.reply)
    code = 450 if heard.status.startswith("4") else 550
    return Said(
        recipient_id=heard.recipient_id,
        message_id=heard.message_id,
        account_id=heard.account_id,
        domain=heard.domain,
        reply=quoted or Reply(code, heard.status, (heard.reply,)),
        at=heard.at,
    )


def understanding(parts: Parts, scanner: Scanner | None) -> list[Service]:
    """Return the services of the role; `scanner` looks into what is forwarded."""
    router = build_router(parts)
    spool = Spool(parts.database)
    rules = BounceRules(parts.data_dir)
    scores = build_score_addresses(parts)

    def in_force() -> Ruleset:
        rules.refresh()
        return rules.current

    needs = InboundNeeds(
        owner=f"{socket.gethostname()}/{os.getpid()}/{parts.ids.alphanumeric(6)}",
        spool=spool,
        effects=EffectStore(parts.database),
        router=router,
        forwarder=Forwarder(
            accept=build_door(parts).accept,
            accounts=parts.accounts,
            senders=parts.senders,
            router=router,
        ),
        lookups=parts.resolver,
        keys=token_keys(parts),
        host_name=parts.settings.service.hostname,
        clock=parts.clock,
        rules=in_force,
        scorer=build_scorer(parts, scanner),
        heard=_hearing(parts, rules),
        scanner=scanner,
    )

    async def forget() -> None:
        now = parts.clock.now()
        await spool.sweep(now - parts.settings.mx.keep_days * DAY)
        await DmarcStore(parts.database).sweep(now - KEPT_DAYS * DAY)
        await scores.sweep()

    return [
        Worker("inbound mail", Processing(needs).step, parts.inbound_signal),
        Periodic("forget inbound mail", SWEEP_S, forget),
    ]
