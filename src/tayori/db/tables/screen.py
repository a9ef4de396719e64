"""Malware that was found in mails."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Table, Text

from tayori.db.tables.metadata import BIG_KEY, metadata

malware_find = Table(
    "malware_find",
    metadata,
    Column("message_id", BIG_KEY, primary_key=True, autoincrement=False),
    Column("account_id", BIG_KEY, ForeignKey("account.id"), nullable=False),
    Column("found_at", BigInteger, nullable=False),
    Column("name", Text, nullable=False),  # the engine's name of what it found
    Index("ix_malware_find_account_id_found_at", "account_id", "found_at"),
)
