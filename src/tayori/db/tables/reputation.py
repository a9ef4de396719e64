"""Counted limits."""

from sqlalchemy import BigInteger, Column, Integer, Table, Text

from tayori.db.tables.metadata import metadata

quota = Table(
    "quota",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("window_ends_at", BigInteger, nullable=False, index=True),
    Column("used", BigInteger, nullable=False),
)

warmup = Table(
    "warmup",
    metadata,
    Column("source", Text, primary_key=True),
    Column("provider", Text, primary_key=True),  # "" = all that the rules do not name
    Column("step", Integer, nullable=False),
    Column("day_ends_at", BigInteger, nullable=False),
    Column("day_used", BigInteger, nullable=False),
    Column("hour_ends_at", BigInteger, nullable=False),
    Column("hour_used", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),  # mails refused this day for its reputation
    Column("used_at", BigInteger, nullable=False),
)
