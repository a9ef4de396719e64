"""Counted limits, warm-up, and the figures and decisions from which a domain's level comes.

Days are texts YYYY-MM-DD in the service's zone, or their ordinal numbers where rows are many.
"""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table, Text

from tayori.db.tables.metadata import BIG_KEY, counted_key, metadata

quota = Table(
    "quota",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("window_ends_at", BigInteger, nullable=False, index=True),
    Column("used", BigInteger, nullable=False),
)

warmup = Table(
    "warmup",
    metadata,
    Column("source", Text, primary_key=True),
    Column("provider", Text, primary_key=True),  # "" = all that the rules do not name
    Column("step", Integer, nullable=False),
    Column("day_ends_at", BigInteger, nullable=False),
    Column("day_used", BigInteger, nullable=False),
    Column("hour_ends_at", BigInteger, nullable=False),
    Column("hour_used", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),  # mails refused this day for its reputation
    Column("used_at", BigInteger, nullable=False),
)

domain_day = Table(
    "domain_day",
    metadata,
    Column("identity_id", BigInteger, primary_key=True, autoincrement=False),
    Column("day", Text, primary_key=True),  # on which its mails were accepted
    Column("provider", Text, primary_key=True),  # the receiver's, "" = no known one, "*" = all
    *(
        Column(name, BigInteger, nullable=False)
        for name in (
            *("mails", "sent", "delivered", "invalid", "spam"),
            *("rejected", "deferred", "complained", "opened"),
        )
    ),
    Column("lowered", Boolean, nullable=False),  # this day has cost the domain a level already
    Column("warned", Boolean, nullable=False),
    Column("closed", Boolean, nullable=False),  # the day is over and has been judged as a whole
    Index("ix_domain_day_day_closed", "day", "closed"),
)

domain_contact = Table(
    "domain_contact",
    metadata,
    Column("identity_id", BIG_KEY, primary_key=True, autoincrement=False),
    Column("day", Integer, primary_key=True, autoincrement=False),  # the date's ordinal number
    Column("address", BigInteger, primary_key=True, autoincrement=False),  # 64 bits of a hash
    Column("flags", Integer, nullable=False),  # what became of the day's mails to it
    Column("provider", Text, nullable=False),
    Index("ix_domain_contact_day", "day"),
    sqlite_with_rowid=False,
)

engagement = Table(
    "engagement",
    metadata,
    Column("account_id", BIG_KEY, primary_key=True, autoincrement=False),
    Column("address", BigInteger, primary_key=True, autoincrement=False),  # 64 bits of a hash
    Column("at", BigInteger, nullable=False),  # when a mail of the account was read last
    Index("ix_engagement_at", "at"),
    sqlite_with_rowid=False,
)

mailbox_provider = Table(
    "mailbox_provider",
    metadata,
    # Recipients' domains that belong to a provider, as the last delivery found it.
    Column("domain", Text, primary_key=True),
    Column("provider", Text, nullable=False),
)

level_change = Table(
    "level_change",
    metadata,
    counted_key(),
    Column("identity_id", BigInteger, nullable=False),
    Column("account_id", BigInteger, nullable=False),
    Column("domain", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("from_level", Integer, nullable=False),
    Column("to_level", Integer, nullable=False),
    Column("effective_at", BigInteger, nullable=False),
    Column("by", Text, nullable=False),  # the rule's name, or "operator"
    Column("reason", Text, nullable=False),
    Column("figures", Text, nullable=False),  # JSON object, {} when an operator decided
    Index("ix_level_change_identity_id_id", "identity_id", "id"),
    Index("ix_level_change_account_id_kind", "account_id", "kind"),
    sqlite_autoincrement=True,
)
