"""The record of what happened."""

from sqlalchemy import BigInteger, Column, Index, Table, Text

from tayori.db.tables.metadata import counted_key, metadata

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
    sqlite_autoincrement=True,
)
