"""What accounts used and what it costs; amounts are micro-units of the currency."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Table, Text

from tayori.db.tables.metadata import BIG_KEY, counted_key, metadata

meter_day = Table(
    "meter_day",
    metadata,
    Column("account_id", BigInteger, primary_key=True, autoincrement=False),
    Column("day", Text, primary_key=True),  # YYYY-MM-DD in the service's zone
    Column("mails", BigInteger, nullable=False),  # recipients that were accepted
    Column("free", BigInteger, nullable=False),  # those of them that came out of the free ones
    Column("amount", BigInteger, nullable=False),  # what the others cost
)

purse = Table(
    "purse",
    metadata,
    Column("account_id", BigInteger, primary_key=True, autoincrement=False),
    Column("free_used", BigInteger, nullable=False),  # of the mails that are free once
    Column("month", Text, nullable=False),  # YYYY-MM of `month_paid`
    Column("month_paid", BigInteger, nullable=False),  # mails with a price in this month
    Column("balance", BigInteger, nullable=False),  # credits less what prepaid mails cost
)

credit = Table(
    "credit",
    metadata,
    counted_key(),
    Column("account_id", BIG_KEY, ForeignKey("account.id"), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("note", Text, nullable=False),
    Index("ix_credit_account_id_at", "account_id", "at"),
    sqlite_autoincrement=True,
)
