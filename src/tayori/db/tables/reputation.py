"""Counted limits."""

from sqlalchemy import BigInteger, Column, Table, Text

from tayori.db.tables.metadata import metadata

quota = Table(
    "quota",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("window_ends_at", BigInteger, nullable=False, index=True),
    Column("used", BigInteger, nullable=False),
)
