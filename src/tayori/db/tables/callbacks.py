"""Where customers want to hear of events, and the calls that tell them.

`callback_call.due_at` is NULL once a call is over, so its indexes hold waiting calls only.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text, text

from tayori.db.tables.metadata import BIG_KEY, counted_key, metadata

WAITING = "due_at IS NOT NULL"

callback_endpoint = Table(
    "callback_endpoint",
    metadata,
    counted_key(),
    Column("account_id", BIG_KEY, nullable=False),
    Column("sender", Text, nullable=False),  # the address it is for, "" for the whole account
    Column("url", Text, nullable=False),
    Column("secret_sealed", LargeBinary, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("failing_since", BigInteger),  # first failure after the last success
    Column("rests_until", BigInteger, nullable=False),  # no call before that
    Column("off_at", BigInteger),  # when it was switched off
    Column("off_reason", Text, nullable=False),
    Column("lease_owner", Text),
    Column("lease_ends_at", BigInteger, nullable=False),
    Index("ix_callback_endpoint_account_id_sender", "account_id", "sender", unique=True),
    sqlite_autoincrement=True,
)

callback_call = Table(
    "callback_call",
    metadata,
    counted_key(),
    Column("endpoint_id", BIG_KEY, nullable=False),
    Column("stream", BigInteger, nullable=False),  # the recipient, whose events stay in order
    Column("event", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False, index=True),
    Column("since", BigInteger, nullable=False),  # from when the time for retries counts
    Column("state", Integer, nullable=False),  # 0 waiting, 1 done, 2 given up, 3 endpoint was off
    Column("attempts", Integer, nullable=False),
    Column("due_at", BigInteger),
    Column("ended_at", BigInteger),
    Index("ix_callback_call_endpoint_id_created_at", "endpoint_id", "created_at"),
    Index(
        "ix_callback_call_due",
        *("endpoint_id", "due_at", "id"),
        sqlite_where=text(WAITING),
        postgresql_where=text(WAITING),
    ),
    Index(
        "ix_callback_call_stream",
        *("endpoint_id", "stream", "id"),
        sqlite_where=text(WAITING),
        postgresql_where=text(WAITING),
    ),
    sqlite_autoincrement=True,
)

callback_attempt = Table(
    "callback_attempt",
    metadata,
    counted_key(),
    Column("call_id", BIG_KEY, nullable=False),
    Column("endpoint_id", BIG_KEY, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("duration_ms", Integer, nullable=False),
    Column("status", Integer),  # of HTTP, NULL without an answer
    Column("response", Text, nullable=False),  # the beginning of it
    Column("error", Text, nullable=False),
    Index("ix_callback_attempt_call_id", "call_id"),
    Index("ix_callback_attempt_endpoint_id_id", "endpoint_id", "id"),
    Index("ix_callback_attempt_at", "at"),
    sqlite_autoincrement=True,
)
