"""Messages, their recipients, and the attempts for them.

`recipient.due_at` is NULL once a recipient is final, so the index of due recipients holds open ones
only and its cost does not grow with history. A lease moves `due_at` to its own deadline: work of a
dead process becomes due by itself.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    text,
)

from tayori.db.tables.metadata import BIG_KEY, counted_key, metadata

IS_FAILED = "state IN (4, 5, 6) AND flow > 0"
"""Bounced, dropped or expired, and of a bulk task; a query repeats it word for word."""

message = Table(
    "message",
    metadata,
    Column("id", BIG_KEY, primary_key=True, autoincrement=False),
    Column("account_id", BigInteger, nullable=False),
    Column("public_id", Text, nullable=False, unique=True),  # the MessageId of the API
    Column("identity_id", BigInteger, nullable=False),
    Column("source", Text, nullable=False),
    Column("from_address", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("template_id", BigInteger),
    Column("task_id", BigInteger),  # the bulk task that it belongs to
    Column("trigger", Boolean, nullable=False),
    Column("rfc_message_id", Text, nullable=False),
    Column("callback_headers", Text, nullable=False),  # JSON object of X-Tencentcloudses-Cb-*
    Column("accepted_at", BigInteger, nullable=False),
)

message_content = Table(
    "message_content",
    metadata,
    Column("message_id", BIG_KEY, primary_key=True, autoincrement=False),
    Column("recipe", LargeBinary, nullable=False),
)

recipient = Table(
    "recipient",
    metadata,
    Column("id", BIG_KEY, primary_key=True, autoincrement=False),
    Column("message_id", BigInteger, nullable=False, index=True),
    Column("account_id", BigInteger, nullable=False),
    Column("role", Integer, nullable=False),  # 0 To, 1 Cc, 2 Bcc
    Column("address", Text, nullable=False),
    Column("domain", Text, nullable=False),
    Column("state", Integer, nullable=False),
    Column("priority", Integer, nullable=False),
    # The priority, 3 more once it was deferred: what is new and what is tried again are apart.
    Column("rank", Integer, nullable=False, server_default=text("0")),
    # The bulk task of bulk mail, 0 for all other: flows of an account take turns.
    Column("flow", BigInteger, nullable=False, server_default=text("0")),
    Column("due_at", BigInteger),
    Column("lease_owner", Text),
    Column("attempts", Integer, nullable=False),
    Column("accepted_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("send_status", Integer, nullable=False),
    Column("reply", Text, nullable=False),
    Column("source", Text),  # the source that its next attempt has to leave from (greylisting)
    Column("avoids", Text),  # the source that its next attempt must not leave from
    Column("wait_cause", Text),  # why it went back to the queue unattempted; NULL = it did not
    Column("wait_since", BigInteger),
    # 1 once it was told that the mail is delayed.
    Column("delay_told", Integer, nullable=False, server_default=text("0")),
    Index(
        "ix_recipient_rank",
        "rank",
        "due_at",
        sqlite_where=text("due_at IS NOT NULL"),
        postgresql_where=text("due_at IS NOT NULL"),
    ),
    Index(
        "ix_recipient_flow",
        "rank",
        "account_id",
        "flow",
        "due_at",
        sqlite_where=text("due_at IS NOT NULL"),
        postgresql_where=text("due_at IS NOT NULL"),
    ),
    Index(
        "ix_recipient_failed",
        "flow",
        "id",
        sqlite_where=text(IS_FAILED),
        postgresql_where=text(IS_FAILED),
    ),
    Index("ix_recipient_account_id_accepted_at_id", "account_id", "accepted_at", "id"),
    Index(
        "ix_recipient_account_id_address_accepted_at",
        "account_id",
        "address",
        "accepted_at",
        "id",
    ),
)

attempt = Table(
    "attempt",
    metadata,
    counted_key(),
    Column("recipient_id", BigInteger, nullable=False, index=True),
    Column("number", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger, nullable=False),
    Column("peer_host", Text, nullable=False),
    Column("peer_address", Text, nullable=False),
    Column("tls", Text, nullable=False),
    Column("code", Integer),
    Column("enhanced", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("bounce_class", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("source", Text),  # the name of the source that it left from; NULL = the only one
    Column("rule", Text),  # the rule that decided what the refusal meant; NULL = no refusal
    Column("wait_cause", Text),  # why it had to wait before, unattempted
    Column("wait_since", BigInteger),
    Column("provider", Text),  # the receiver's group; NULL = none that rules name
    Column("conversation", Text),  # what was said; see mail.transcript
    sqlite_autoincrement=False,
)
