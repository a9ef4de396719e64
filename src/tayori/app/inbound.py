"""Mail that comes back, put together: the listener, and the role that understands it."""

import os
import socket

from tayori.app.delivery import RETURN_PATH_PURPOSE
from tayori.app.door import build_door
from tayori.app.parts import Parts
from tayori.classify.current import BounceRules
from tayori.edge.certificate import Certificate
from tayori.edge.mx.handler import Inbound
from tayori.edge.mx.server import build_mx
from tayori.edge.smtp_listeners import SmtpListeners
from tayori.inbound.dmarc_store import KEPT_DAYS, DmarcStore
from tayori.inbound.effect_store import EffectStore
from tayori.inbound.forwarding import Forwarder
from tayori.inbound.forwarding_store import ForwardingStore
from tayori.inbound.processing import InboundNeeds, Processing
from tayori.inbound.routing import Router, TokenKeys
from tayori.inbound.spool_store import Spool
from tayori.mail import tracking_token
from tayori.reputation.model import Scope
from tayori.reputation.permits import Permits
from tayori.runtime.clock import DAY
from tayori.runtime.service import Periodic, Service
from tayori.runtime.worker import Worker

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
    own = (settings.service.hostname, settings.domains.mx_host, *settings.mx.domains)
    return Router(ForwardingStore(parts.database), parts.clock, token_keys(parts), own)


def listener(parts: Parts) -> SmtpListeners:
    """Return the inbound listener, not yet bound; CertificateError."""
    own = parts.settings.mx
    shared = Inbound(
        router=build_router(parts),
        spool=Spool(parts.database, parts.inbound_signal.announce),
        permits=Permits(parts.database, parts.clock, Scope.INBOUND_SECOND),
        clock=parts.clock,
        connections_per_address=own.connections_per_address,
        mails_per_second=own.mails_per_second,
    )
    return build_mx(parts.settings, shared, Certificate.of(parts.settings, parts.clock))


def understanding(parts: Parts) -> list[Service]:
    """Return the services of the role."""
    router = build_router(parts)
    spool = Spool(parts.database)
    rules = BounceRules(parts.data_dir)
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
        rules=lambda: rules.current,
    )

    async def forget() -> None:
        now = parts.clock.now()
        await spool.sweep(now - parts.settings.mx.keep_days * DAY)
        await DmarcStore(parts.database).sweep(now - KEPT_DAYS * DAY)

    return [
        Worker("inbound mail", Processing(needs).step, parts.inbound_signal),
        Periodic("forget inbound mail", SWEEP_S, forget),
    ]
