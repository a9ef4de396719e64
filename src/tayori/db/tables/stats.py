"""What is counted and logged for customers."""

from sqlalchemy import BigInteger, Column, Index, Table, Text, text

from tayori.db.tables.metadata import counted_key, metadata

daily_volume = Table(
    "daily_volume",
    metadata,
    Column("account_id", BigInteger, primary_key=True, autoincrement=False),
    Column("day", Text, primary_key=True),  # YYYY-MM-DD in the service's zone
    Column("domain", Text, primary_key=True),  # the sender domain, "*" for all
    Column("mailbox_type", Text, primary_key=True),  # the recipient's domain, "*" for all
    *(
        Column(name, BigInteger, nullable=False)
        for name in (
            *("requested", "accepted", "delivered", "opened"),
            *("clicked", "bounced", "unsubscribed", "complained"),
        )
    ),
    Column("deferred", BigInteger, nullable=False, server_default=text("0")),
)

keyed_volume = Table(
    "keyed_volume",
    metadata,
    Column("account_id", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, primary_key=True),  # domain, sender, template, task or provider
    Column("day", Text, primary_key=True),  # as in daily_volume; "*" is the sum of a task's days
    Column("key", Text, primary_key=True),
    *(
        Column(name, BigInteger, nullable=False)
        for name in (
            *("requested", "accepted", "delivered", "opened", "clicked"),
            *("bounced", "unsubscribed", "complained", "deferred"),
        )
    ),
)

feed_cursor = Table(
    "feed_cursor",
    metadata,
    Column("name", Text, primary_key=True),  # the reader of the event feed
    Column("position", BigInteger, nullable=False),
)

api_access = Table(
    "api_access",
    metadata,
    counted_key(),
    Column("at", BigInteger, nullable=False, index=True),
    Column("account_id", BigInteger, nullable=False),
    Column("secret_id", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    Index("ix_api_access_account_id_at", "account_id", "at"),
    sqlite_autoincrement=True,
)
