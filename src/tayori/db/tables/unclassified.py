"""Replies that no rule understands, counted for the operator."""

from sqlalchemy import BigInteger, Column, Integer, Table, Text

from tayori.db.tables.metadata import metadata

unclassified_reply = Table(
    "unclassified_reply",
    metadata,
    Column("provider", Text, primary_key=True),  # "" when the receiver belongs to none
    Column("code", Integer, primary_key=True, autoincrement=False),
    Column("text", Text, primary_key=True),  # normalised
    Column("count", BigInteger, nullable=False),
    Column("first_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    Column("example", Text, nullable=False),
)
