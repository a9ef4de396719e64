"""Bulk tasks: one mail to every receiver of a list, now, later, or again and again."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, Table, Text, text

from tayori.db.tables.metadata import BIG_KEY, counted_key, metadata

bulk_task = Table(
    "bulk_task",
    metadata,
    counted_key(),
    Column("account_id", BIG_KEY, ForeignKey("account.id"), nullable=False),
    Column("kind", Integer, nullable=False),  # 1 immediate, 2 timed, 3 cyclic
    Column("status", Integer, nullable=False),  # 1 waiting, 5 sending, 6 paused, 7 error, 10 done
    Column("list_id", BIG_KEY, nullable=False),
    Column("list_name", Text, nullable=False),
    Column("sender", Text, nullable=False),  # as it was given, with the display name
    Column("reply_to", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("template_id", BIG_KEY, nullable=False),
    Column("template_data", Text, nullable=False),
    Column("unsubscribe", Text, nullable=False),
    Column("ad_location", Integer, nullable=False),  # 0 none, 1 before the subject, 2 behind it
    Column("begins_at", BigInteger),
    Column("interval_h", Integer),
    Column("cycle_ended", Boolean, nullable=False),
    Column("ends_at", BigInteger),  # no cycle begins after it; NULL = it goes on
    Column("run", Integer, nullable=False),  # counts the cycles
    Column("cursor", BigInteger, nullable=False),  # the last receiver that was taken in this run
    Column("requested", Integer, nullable=False),
    Column("sent", Integer, nullable=False),
    Column("cached", Integer, nullable=False),
    Column("error", Text, nullable=False),
    Column("cause", Text, nullable=False, server_default=text("''")),  # why it is paused or failed
    Column("domain", Text, nullable=False, server_default=text("''")),  # the sender's
    Column("last", BigInteger, nullable=False, server_default=text("0")),  # receiver of the run
    # Receivers of the run who were passed over, by reason.
    Column("duplicates", Integer, nullable=False, server_default=text("0")),
    Column("blacklisted", Integer, nullable=False, server_default=text("0")),
    Column("unsubscribed", Integer, nullable=False, server_default=text("0")),
    Column("refused", Integer, nullable=False, server_default=text("0")),
    # Mails of the day that ends then: tasks of a domain share its day.
    Column("day_ends_at", BigInteger, nullable=False, server_default=text("0")),
    Column("day_sent", Integer, nullable=False, server_default=text("0")),
    Column("baseline", Text, nullable=False, server_default=text("''")),  # JSON: forgiven outcomes
    Column("resends", BigInteger),  # the task whose failed receivers it writes to again
    # 0 all in the order of the list, 1 those who read the account's mail, 2 all others
    Column("phase", Integer, nullable=False, server_default=text("0")),
    # JSON: how many receivers are set aside, by provider; "" = nobody
    Column("aside", Text, nullable=False, server_default=text("''")),
    Column("due_at", BigInteger),  # NULL when nothing is left to do; a lease moves it
    Column("lease_owner", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Index("ix_bulk_task_account_id_id", "account_id", "id"),
    Index(
        "ix_bulk_task_due_at",
        "due_at",
        sqlite_where=text("due_at IS NOT NULL"),
        postgresql_where=text("due_at IS NOT NULL"),
    ),
    Index(
        "ix_bulk_task_domain",
        "domain",
        "due_at",
        sqlite_where=text("due_at IS NOT NULL"),
        postgresql_where=text("due_at IS NOT NULL"),
    ),
    sqlite_autoincrement=True,
)

bulk_first = Table(
    "bulk_first",
    metadata,
    # Receivers whose turn came first in the run that is under way.
    Column("task_id", BIG_KEY, primary_key=True, autoincrement=False),
    Column("run", Integer, primary_key=True, autoincrement=False),
    Column("receiver_id", BIG_KEY, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

bulk_aside = Table(
    "bulk_aside",
    metadata,
    # Receivers of the run who wait because their provider has had its part of the hour's mails.
    Column("task_id", BIG_KEY, primary_key=True, autoincrement=False),
    Column("run", Integer, primary_key=True, autoincrement=False),
    Column("provider", Text, primary_key=True),  # "" = no known one
    Column("receiver_id", BIG_KEY, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

bulk_skip = Table(
    "bulk_skip",
    metadata,
    Column("task_id", BigInteger, primary_key=True, autoincrement=False),
    Column("run", Integer, primary_key=True, autoincrement=False),
    Column("receiver_id", BigInteger, primary_key=True, autoincrement=False),
    Column("address", Text, nullable=False),
    Column("reason", Text, nullable=False),  # duplicate, blacklisted, unsubscribed or refused
    Column("detail", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)
