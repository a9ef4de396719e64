"""Who may use how much of a receiver's limits: the shares of delivery processes, and rates.

A key names a limit: what is counted, by scope, source and name. A process is alive as long as it
renews its row; its shares come back when others saw that it stopped doing so.
"""

from sqlalchemy import BigInteger, Column, Integer, Table, Text

from tayori.db.tables.metadata import metadata

pacing_key = Table(
    "pacing_key",
    metadata,
    Column("key", Text, primary_key=True),
    Column("next_us", BigInteger, nullable=False),  # of a rate: when the next event may begin
)

pacing_owner = Table(
    "pacing_owner",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("ends_at", BigInteger, nullable=False),
)

pacing_share = Table(
    "pacing_share",
    metadata,
    Column("key", Text, primary_key=True),
    Column("owner", Text, primary_key=True, index=True),
    Column("wanted", Integer, nullable=False),
    Column("granted", Integer, nullable=False),
    Column("since_at", BigInteger, nullable=False),  # since when it has something, or nothing
)
