"""What the installation keeps about itself."""

from sqlalchemy import BigInteger, Column, Table, Text

from tayori.db.tables.metadata import metadata

sequence = Table(
    "sequence",
    metadata,
    Column("name", Text, primary_key=True),
    Column("next", BigInteger, nullable=False),
)
