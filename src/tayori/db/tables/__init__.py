"""The schema, one file per room that keeps something; migrations must lead to exactly this."""

from tayori.db.tables import catalog, events, queue, reputation, system, tenants
from tayori.db.tables.metadata import metadata

__all__ = ["catalog", "events", "metadata", "queue", "reputation", "system", "tenants"]
