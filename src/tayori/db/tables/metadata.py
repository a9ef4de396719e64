"""The collection of all tables, with names for constraints that migrations can refer to."""

from sqlalchemy import BigInteger, Column, Integer, MetaData

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

BIG_KEY = BigInteger().with_variant(Integer, "sqlite")
"""A 64-bit key that SQLite stores as its own row number."""


def counted_key() -> Column[int]:
    """Return an `id` column that the database counts up by itself."""
    return Column("id", BIG_KEY, primary_key=True, autoincrement=True)
