"""Lists of receivers that customers upload for bulk tasks."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from tayori.db.tables.metadata import BIG_KEY, counted_key, metadata

receiver_list = Table(
    "receiver_list",
    metadata,
    counted_key(),
    Column("account_id", BIG_KEY, ForeignKey("account.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("status", Integer, nullable=False),  # 1 nothing uploaded, 2 uploading, 3 uploaded
    Column("total", Integer, nullable=False),
    Column("invalid", Integer, nullable=False),
    Column("variables", Text, nullable=False),  # JSON list of names, "" before the first data
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("account_id", "name"),
    sqlite_autoincrement=True,
)

receiver = Table(
    "receiver",
    metadata,
    counted_key(),
    Column("list_id", BIG_KEY, nullable=False),
    Column("address", Text, nullable=False),
    Column("data", Text, nullable=False),  # JSON object as it was given, "" for none
    Column("valid", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Index("ix_receiver_list_id_id", "list_id", "id"),
    Index("ix_receiver_list_id_address", "list_id", "address"),
    sqlite_autoincrement=True,
)

receiver_upload = Table(
    "receiver_upload",
    metadata,
    counted_key(),
    Column("list_id", BIG_KEY, nullable=False, index=True),
    Column("lines", LargeBinary, nullable=False),  # MessagePack of what becomes receivers
    Column("created_at", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)
