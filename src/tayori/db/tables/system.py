"""What the installation keeps about itself."""

from sqlalchemy import BigInteger, Column, Integer, Table, Text

from tayori.db.tables.metadata import metadata

sequence = Table(
    "sequence",
    metadata,
    Column("name", Text, primary_key=True),
    Column("next", BigInteger, nullable=False),
)

process = Table(
    "process",
    metadata,
    Column("name", Text, primary_key=True),  # host/pid/kind
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),  # when it last said that it lives
    Column("engines", Text, nullable=False),  # JSON list: how its scanners stand
)
