"""Malware and other finds in mails, and addresses to which a mail is sent to be scored."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table, Text

from tayori.db.tables.metadata import BIG_KEY, counted_key, metadata

malware_find = Table(
    "malware_find",
    metadata,
    Column("message_id", BIG_KEY, primary_key=True, autoincrement=False),
    Column("account_id", BIG_KEY, ForeignKey("account.id"), nullable=False),
    Column("found_at", BigInteger, nullable=False),
    Column("name", Text, nullable=False),  # the engine's name of what it found
    Index("ix_malware_find_account_id_found_at", "account_id", "found_at"),
)

score_address = Table(
    "score_address",
    metadata,
    counted_key(),
    Column("account_id", BIG_KEY, ForeignKey("account.id")),  # NULL: an operator's
    Column("token", Text, nullable=False, unique=True),
    Column("address", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
    Column("scored_at", BigInteger),  # NULL until its mail came
    Column("tenths", Integer, nullable=False),  # tenths of a point
    Column("business", Text, nullable=False),
    Column("header_from", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("losses", Text, nullable=False),  # JSON list of [check, fields]
    Column("facts", Text, nullable=False),  # JSON object: how the mail came
    Index("ix_score_address_account_id_created_at", "account_id", "created_at"),
    sqlite_autoincrement=True,
)

content_find = Table(
    "content_find",
    metadata,
    Column("account_id", BIG_KEY, ForeignKey("account.id"), primary_key=True, autoincrement=False),
    Column("kind", Text, primary_key=True),  # screen.finds.FindKind
    Column("key", Text, primary_key=True),  # by which the same mail is known again
    Column("found_at", BigInteger, nullable=False),
    Index("ix_content_find_account_id_kind_found_at", "account_id", "kind", "found_at"),
)
