"""People who use the console: who they are, how they prove it, and what they did."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    Table,
    Text,
)

from tayori.db.tables.metadata import BIG_KEY, counted_key, metadata

console_user = Table(
    "console_user",
    metadata,
    counted_key(),
    Column("login", Text, nullable=False, unique=True),  # the e-mail address in lower case
    Column("email", Text, nullable=False),  # as it was written
    Column("name", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("operator", Boolean, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("suspended_at", BigInteger),
    # A secret without `totp_since` was shown, but no code of it was seen yet.
    Column("totp_sealed", LargeBinary),
    Column("totp_since", BigInteger),
    Column("totp_step", BigInteger, nullable=False),  # the last 30-second step that was used
    sqlite_autoincrement=True,
)

membership = Table(
    "membership",
    metadata,
    Column("user_id", BIG_KEY, ForeignKey("console_user.id"), primary_key=True),
    Column("account_id", BIG_KEY, ForeignKey("account.id"), primary_key=True, index=True),
    Column("role", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

recovery_code = Table(
    "recovery_code",
    metadata,
    Column("user_id", BIG_KEY, ForeignKey("console_user.id"), primary_key=True),
    Column("code_hash", Text, primary_key=True),
)

console_session = Table(
    "console_session",
    metadata,
    counted_key(),
    Column("token_hash", Text, nullable=False, unique=True),
    Column("user_id", BIG_KEY, ForeignKey("console_user.id"), nullable=False, index=True),
    Column("account_id", BIG_KEY, ForeignKey("account.id")),
    Column("csrf", Text, nullable=False),
    Column("complete", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
    Column("address", Text, nullable=False),
    Column("agent", Text, nullable=False),
    sqlite_autoincrement=True,
)

user_link = Table(
    "user_link",
    metadata,
    counted_key(),
    Column("token_hash", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("login", Text, nullable=False, index=True),
    Column("email", Text, nullable=False),  # "" in the invitation of the first operator
    Column("operator", Boolean, nullable=False),
    Column("account_id", BIG_KEY, ForeignKey("account.id"), index=True),
    Column("role", Text),
    Column("language", Text, nullable=False),
    Column("invited_by", Text, nullable=False),  # an e-mail address; "" = the command
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
    sqlite_autoincrement=True,
)

audit_entry = Table(
    "audit_entry",
    metadata,
    counted_key(),
    Column("at", BigInteger, nullable=False, index=True),
    # No reference: an entry outlives whom it names.
    Column("user_id", BigInteger),
    Column("email", Text, nullable=False),
    Column("account_id", BigInteger),
    Column("action", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("value_before", Text, nullable=False),
    Column("value_after", Text, nullable=False),
    Column("address", Text, nullable=False),
    Index("ix_audit_entry_account_id_id", "account_id", "id"),
    Index("ix_audit_entry_user_id_id", "user_id", "id"),
    sqlite_autoincrement=True,
)
