"""The record of what happened.

What recipients do themselves is a small part of it, so it has indexes of its own. A query uses one
of them only when it repeats the index's condition word for word.
"""

from sqlalchemy import BigInteger, Column, Index, Table, Text, text

from tayori.db.tables.metadata import counted_key, metadata

IS_REACTION = "kind IN ('open', 'click', 'spamreport', 'unsubscribe')"
IS_COMPLAINT = "kind = 'spamreport'"
IS_BOUNCE = "kind = 'bounce'"

event = Table(
    "event",
    metadata,
    counted_key(),
    Column("at", BigInteger, nullable=False),
    Column("account_id", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("message_id", BigInteger),
    Column("recipient_id", BigInteger),
    Column("data", Text, nullable=False),  # JSON object
    Index("ix_event_message_id_id", "message_id", "id"),
    Index(
        "ix_event_reaction",
        "recipient_id",
        "kind",
        "id",
        sqlite_where=text(IS_REACTION),
        postgresql_where=text(IS_REACTION),
    ),
    Index(
        "ix_event_complaint",
        "account_id",
        "at",
        "id",
        sqlite_where=text(IS_COMPLAINT),
        postgresql_where=text(IS_COMPLAINT),
    ),
    Index(
        "ix_event_bounce",
        "account_id",
        "at",
        "id",
        sqlite_where=text(IS_BOUNCE),
        postgresql_where=text(IS_BOUNCE),
    ),
    sqlite_autoincrement=True,
)
