"""What is tracked for whom, and what readers did that is not judged yet.

A visit waits a few seconds, until it is known whether a machine made it, and then becomes an event.
"""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Table, Text

from tayori.db.tables.metadata import BIG_KEY, counted_key, metadata

tracking_setting = Table(
    "tracking_setting",
    metadata,
    Column("account_id", BIG_KEY, ForeignKey("account.id"), primary_key=True),
    Column("sender", Text, primary_key=True),  # the address it is for, "" for the whole account
    Column("opens", Boolean),  # NULL: as it is one level up
    Column("clicks", Boolean),
    Column("url", Text, nullable=False),  # of the account's own tracking host, "" for ours
)

visit = Table(
    "visit",
    metadata,
    counted_key(),
    Column("at", BigInteger, nullable=False, index=True),
    Column("recipient_id", BigInteger, nullable=False, index=True),
    Column("kind", Text, nullable=False),  # open or click
    Column("link", Text, nullable=False),  # where a click led
    Column("useragent", Text, nullable=False),
    Column("address", Text, nullable=False),  # the client's
    Column("hint", Text, nullable=False),  # what the request itself said of a machine
    sqlite_autoincrement=True,
)
