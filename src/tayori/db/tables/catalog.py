"""What customers keep: senders and templates."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    text,
)

from tayori.db.tables.metadata import BIG_KEY, counted_key, metadata

IS_LIVE = "deleted_at IS NULL"

sender = Table(
    "sender",
    metadata,
    counted_key(),
    Column("account_id", BIG_KEY, ForeignKey("account.id"), nullable=False, index=True),
    Column("identity_id", BIG_KEY, ForeignKey("identity.id"), nullable=False, index=True),
    Column("address", Text, nullable=False, unique=True),
    Column("display_name", Text, nullable=False),
    Column("smtp_password_hash", Text),
    Column("created_at", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)

template = Table(
    "template",
    metadata,
    counted_key(),
    Column("account_id", BIG_KEY, ForeignKey("account.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("status", Integer, nullable=False),  # 0 approved, 1 in review, 2 refused
    Column("review_reason", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("deleted_at", BigInteger),
    Column("business", Text, nullable=False, server_default=""),
    Column("findings", Text, nullable=False, server_default=""),  # JSON, "" for none
    Column("due_at", BigInteger),
    Index("ix_template_account_id_deleted_at_id", "account_id", "deleted_at", "id"),
    Index(
        "ix_template_status_updated_at_id",
        *("status", "updated_at", "id"),
        sqlite_where=text(IS_LIVE),
        postgresql_where=text(IS_LIVE),
    ),
    sqlite_autoincrement=True,
)

template_version = Table(
    "template_version",
    metadata,
    Column("template_id", BIG_KEY, ForeignKey("template.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("html", LargeBinary, nullable=False),
    Column("text", LargeBinary, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("blocks", Text, nullable=False, server_default=""),  # JSON, "" for none
)
