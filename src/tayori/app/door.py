"""The door with what it needs, for every process in which mail comes in."""

from tayori.accept.door import Door
from tayori.accept.limits import Limits
from tayori.accept.metering import Meter
from tayori.accept.store import AcceptStore
from tayori.app.parts import Parts
from tayori.runtime.clock import SECOND
from tayori.tenants.billing.pricing import prices_of


def build_door(parts: Parts) -> Door:
    """Return the door of this process; deliverers are woken by what it takes."""
    settings = parts.settings
    return Door(
        directory=parts.directory,
        limits=Limits(settings.policy, parts.zone, hour_share=settings.reputation.hour_share),
        store=AcceptStore(
            parts.database,
            parts.clock,
            on_commit=parts.queue_signal.announce,
            meter=Meter(prices_of(settings), parts.zone),
        ),
        clock=parts.clock,
        ids=parts.ids,
        zone=parts.zone,
        lifetime_ms=settings.delivery.lifetime_s * SECOND,
    )
