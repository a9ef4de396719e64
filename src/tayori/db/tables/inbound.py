"""Mail that comes back, as it waits to be understood, and what domains' reports say.

`inbound_mail.due_at` is NULL once a mail is done with, so its index holds what waits only.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from tayori.db.tables.metadata import BIG_KEY, counted_key, metadata

inbound_mail = Table(
    "inbound_mail",
    metadata,
    counted_key(),
    Column("received_at", BigInteger, nullable=False),
    Column("client", Text, nullable=False),  # the address that it came from
    Column("helo", Text, nullable=False),
    Column("tls", Text, nullable=False),
    Column("mail_from", Text, nullable=False),  # "" is the null sender
    Column("recipients", Text, nullable=False),  # JSON list of addresses
    Column("size", Integer, nullable=False),
    Column("content", LargeBinary),  # NULL once nobody needs it
    Column("state", Integer, nullable=False),  # 0 waiting, 1 done, 2 kept aside
    Column("due_at", BigInteger),
    Column("lease_owner", Text),
    Column("attempts", Integer, nullable=False),
    Column("kind", Text, nullable=False),  # what it was understood as
    Column("note", Text, nullable=False),  # what became of it, as a sentence
    Column("header_from", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("authentication", Text, nullable=False),  # value of Authentication-Results
    Index(
        "ix_inbound_mail_due",
        "due_at",
        sqlite_where=text("due_at IS NOT NULL"),
        postgresql_where=text("due_at IS NOT NULL"),
    ),
    Index("ix_inbound_mail_state_id", "state", "id"),
    Index("ix_inbound_mail_received_at", "received_at"),
    sqlite_autoincrement=True,
)

forwarding = Table(
    "forwarding",
    metadata,
    Column("identity_id", BIG_KEY, primary_key=True, autoincrement=False),
    Column("address", Text, nullable=False),  # where mail to the domain goes
    Column("created_at", BigInteger, nullable=False),
)

dmarc_report = Table(
    "dmarc_report",
    metadata,
    counted_key(),
    Column("domain", Text, nullable=False),
    Column("organisation", Text, nullable=False),  # who reports
    Column("report", Text, nullable=False),  # its own number
    Column("begins_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("policy", Text, nullable=False),  # p= as the reporter saw it
    UniqueConstraint("domain", "organisation", "report"),
    Index("ix_dmarc_report_domain_ends_at", "domain", "ends_at"),
    sqlite_autoincrement=True,
)

dmarc_row = Table(
    "dmarc_row",
    metadata,
    counted_key(),
    Column("report_id", BIG_KEY, nullable=False, index=True),
    Column("source", Text, nullable=False),  # the address that the mails came from
    Column("header_from", Text, nullable=False),
    Column("disposition", Text, nullable=False),  # none, quarantine, reject
    Column("dkim", Text, nullable=False),  # pass or fail, aligned
    Column("spf", Text, nullable=False),
    Column("mails", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)
