"""Usage and money with what they need, for commands and pages."""

from tayori.app.parts import Parts
from tayori.tenants.billing.billing import BillingDesk
from tayori.tenants.billing.store import BillingStore


def build_desk(parts: Parts) -> BillingDesk:
    """Return statements and credits of this installation."""
    return BillingDesk(store=BillingStore(parts.database), clock=parts.clock, zone=parts.zone)
