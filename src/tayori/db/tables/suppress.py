"""Addresses that are not written to, and why."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Table,
    Text,
    UniqueConstraint,
)

from tayori.db.tables.metadata import BIG_KEY, counted_key, metadata

shared_blacklist = Table(
    "shared_blacklist",
    metadata,
    Column("address", Text, primary_key=True),
    Column("account_id", BigInteger, nullable=False),  # whose mail put it there
    Column("at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
    Column("reason", Text, nullable=False),
    Column("message_id", BigInteger),  # the mail that was refused; NULL = an operator put it there
    Index("ix_shared_blacklist_account_id_at", "account_id", "at"),
)

full_mailbox = Table(
    "full_mailbox",
    metadata,
    Column("address", Text, primary_key=True),
    Column("last_at", BigInteger, nullable=False, index=True),  # the last day that counted
    Column("days", BigInteger, nullable=False),  # on how many days it was full
)

custom_blacklist = Table(
    "custom_blacklist",
    metadata,
    counted_key(),
    Column("account_id", BIG_KEY, ForeignKey("account.id"), nullable=False),
    Column("address", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),  # NULL: for ever
    UniqueConstraint("account_id", "address"),
    Index("ix_custom_blacklist_account_id_id", "account_id", "id"),
    sqlite_autoincrement=True,
)

unsubscription = Table(
    "unsubscription",
    metadata,
    Column("domain", Text, primary_key=True),  # the sender domain that may not write any more
    Column("address", Text, primary_key=True),
    Column("account_id", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("cause", Text),  # "complaint"; NULL = the person asked for it
    Index("ix_unsubscription_account_id_at", "account_id", "at", "address", "domain"),
)

unsubscribe_config = Table(
    "unsubscribe_config",
    metadata,
    Column("address", Text, primary_key=True),  # a sender's
    Column("account_id", BIG_KEY, ForeignKey("account.id"), nullable=False, index=True),
    Column("choice", Text, nullable=False),  # "0" none, "1" to "12" the language of the link
    Column("enabled", Boolean, nullable=False),
)
