"""Accounts, credentials, identities and their DKIM keys."""

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
    text,
)

from tayori.db.tables.metadata import BIG_KEY, counted_key, metadata

account = Table(
    "account",
    metadata,
    counted_key(),
    Column("app_id", BigInteger, nullable=False, unique=True),
    Column("name", Text, nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
    Column("suspended_at", BigInteger),
    Column("suspended_reason", Text, nullable=False),
    Column("pool", Text),  # the pool of sources that an operator dedicated to it
    Column("tls", Text),  # "required": its mail never travels in clear; NULL = as receivers can
    sqlite_autoincrement=True,
)

account_permission = Table(
    "account_permission",
    metadata,
    Column("account_id", BIG_KEY, ForeignKey("account.id"), primary_key=True),
    Column("permission", Text, primary_key=True),
)

account_limit = Table(
    "account_limit",
    metadata,
    Column("account_id", BIG_KEY, ForeignKey("account.id"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

credential = Table(
    "credential",
    metadata,
    counted_key(),
    Column("account_id", BIG_KEY, ForeignKey("account.id"), nullable=False, index=True),
    Column("secret_id", Text, nullable=False, unique=True),
    Column("secret_sealed", LargeBinary, nullable=False),
    Column("scope", Text, nullable=False),
    Column("networks", Text, nullable=False),  # JSON list of CIDR blocks; empty = anywhere
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    sqlite_autoincrement=True,
)

identity = Table(
    "identity",
    metadata,
    counted_key(),
    Column("account_id", BIG_KEY, ForeignKey("account.id"), nullable=False, index=True),
    Column("domain", Text, nullable=False, unique=True),
    Column("dkim_option", Integer, nullable=False),
    Column("verified", Boolean, nullable=False),
    Column("records", Text, nullable=False),  # JSON: what the last check found
    Column("tags", Text, nullable=False),  # JSON list of [key, value]
    Column("level", Integer, nullable=False),
    # A lower level that was decided on takes effect with the day that begins then.
    Column("next_level", Integer),
    Column("next_level_at", BigInteger),
    Column("blocked_until", BigInteger),  # no mail of the domain goes out before that
    Column("blocked_reason", Text, nullable=False, server_default=text("''")),
    Column("created_at", BigInteger, nullable=False),
    Column("verified_at", BigInteger),
    Column("checked_at", BigInteger),
    Column("check_due_at", BigInteger, nullable=False, index=True),
    Column("checks_failed", Integer, nullable=False),
    Column("tls", Text),  # as of the account
    sqlite_autoincrement=True,
)

dkim_key = Table(
    "dkim_key",
    metadata,
    counted_key(),
    Column("identity_id", BIG_KEY, ForeignKey("identity.id"), nullable=False),
    Column("selector", Text, nullable=False),
    Column("bits", Integer, nullable=False),
    Column("public_key", Text, nullable=False),  # base64 SubjectPublicKeyInfo, as in p=
    Column("private_sealed", LargeBinary, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    # A pending key takes over when its record is found; the one before it is retired then.
    Column("pending", Boolean, nullable=False, server_default=text("false")),
    Column("retired_at", BigInteger),
    Index("ix_dkim_key_identity_id_selector", "identity_id", "selector", unique=True),
    sqlite_autoincrement=True,
)
