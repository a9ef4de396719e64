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
    text,
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

IS_READING = "status = 3"

receiver_file = Table(
    "receiver_file",
    metadata,
    counted_key(),
    Column("account_id", BigInteger, nullable=False),
    Column("list_id", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("status", Integer, nullable=False),  # 1 coming, 2 waits for its mapping, 3 read, 4 done
    Column("encoding", Text, nullable=False),  # as it was recognised
    Column("size", BigInteger, nullable=False),  # octets
    Column("mapping", Text, nullable=False),  # JSON: what its columns are, "" before that is known
    Column("first_id", BigInteger, nullable=False),  # receivers behind it came with this file
    Column("done", BigInteger, nullable=False),  # octets
    Column("line", Integer, nullable=False),  # up to which it was read
    Column("added", Integer, nullable=False),
    Column("faults", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False, index=True),
    Column("ended_at", BigInteger),
    Column("lease_ends_at", BigInteger, nullable=False),
    Index("ix_receiver_file_list_id_id", "list_id", "id"),
    Index(
        "ix_receiver_file_reading",
        "id",
        sqlite_where=text(IS_READING),
        postgresql_where=text(IS_READING),
    ),
    sqlite_autoincrement=True,
)

receiver_file_part = Table(
    "receiver_file_part",
    metadata,
    Column("file_id", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("content", LargeBinary, nullable=False),
)

receiver_file_fault = Table(
    "receiver_file_fault",
    metadata,
    Column("file_id", BigInteger, primary_key=True, autoincrement=False),
    Column("line", Integer, primary_key=True, autoincrement=False),
    Column("value", Text, nullable=False),  # what stands in the column of addresses
    Column("fault", Text, nullable=False),
    Column("detail", Text, nullable=False),
)
