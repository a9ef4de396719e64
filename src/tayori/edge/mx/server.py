"""The inbound listener, put together."""

from tayori.config.tree import Settings
from tayori.edge.certificate import Certificate
from tayori.edge.mx.handler import Inbound, MxHandler
from tayori.edge.smtp_listeners import SmtpListeners
from tayori.smtp.handler import ServerSettings


def build_mx(settings: Settings, shared: Inbound, certificate: Certificate) -> SmtpListeners:
    """Return the listener; STARTTLS is offered and not demanded (RFC 3207 4)."""
    own = settings.mx
    return SmtpListeners(
        "mx",
        certificate,
        handler=lambda connection: MxHandler(shared, connection),
        settings=ServerSettings(
            host_name=settings.service.hostname,
            max_message_size=own.largest,
            max_recipients=own.most_recipients,
            idle_s=own.idle_s,
            max_errors=10,
        ),
        connections=shared.connections,
    )
