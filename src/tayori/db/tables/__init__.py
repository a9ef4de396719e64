"""The schema, one file per room that keeps something; migrations must lead to exactly this."""

from tayori.db.tables import (
    billing,
    bulk,
    callbacks,
    catalog,
    events,
    idempotency,
    inbound,
    lists,
    pacing,
    queue,
    reactions,
    reputation,
    stats,
    suppress,
    system,
    tenants,
    unclassified,
)
from tayori.db.tables.metadata import metadata

__all__ = [
    "billing",
    "bulk",
    "callbacks",
    "catalog",
    "events",
    "idempotency",
    "inbound",
    "lists",
    "metadata",
    "pacing",
    "queue",
    "reactions",
    "reputation",
    "stats",
    "suppress",
    "system",
    "tenants",
    "unclassified",
]
