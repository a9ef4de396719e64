"""Tokens by which a caller may repeat a call, with what the first one was answered."""

from sqlalchemy import BigInteger, Column, Table, Text

from tayori.db.tables.metadata import metadata

idempotency = Table(
    "idempotency",
    metadata,
    # The token comes first, so that one look finds the tokens of many calls.
    Column("token", Text, primary_key=True),
    Column("account_id", BigInteger, primary_key=True, autoincrement=False),
    Column("action", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),  # SHA-256 of what was asked for, in hexadecimal
    Column("answer", Text, nullable=False),  # the MessageId or the TaskId
    Column("expires_at", BigInteger, nullable=False, index=True),
)
