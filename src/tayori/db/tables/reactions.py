"""What is done about receivers' complaints, and the counts that lead there.

`reaction.ended_at` is NULL while a reaction is in force, so what every process reads each second is
an index of those alone, and one name can be in force only once in each place.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text, text

from tayori.db.tables.metadata import BIG_KEY, counted_key, metadata

IN_FORCE = "ended_at IS NULL"

reaction = Table(
    "reaction",
    metadata,
    counted_key(),
    Column("name", Text, nullable=False),
    Column("scope_key", Text, nullable=False),
    Column("source", Text),  # NULL: any
    Column("destination", Text),
    Column("account_id", BIG_KEY),
    Column("task_id", BIG_KEY),
    Column("effect", Text, nullable=False),  # JSON object
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("began_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False),  # of the full effect; the release follows
    Column("step_ms", BigInteger, nullable=False),
    Column("duration_ms", BigInteger, nullable=False),
    Column("returns", Integer, nullable=False),
    Column("ended_at", BigInteger),
    Column("ended_why", Text, nullable=False),
    Index(
        "ix_reaction_in_force",
        *("name", "scope_key"),
        unique=True,
        sqlite_where=text(IN_FORCE),
        postgresql_where=text(IN_FORCE),
    ),
    Index("ix_reaction_ended_at", "ended_at"),
    sqlite_autoincrement=True,
)

reaction_count = Table(
    "reaction_count",
    metadata,
    Column("rule", Text, primary_key=True),
    Column("scope_key", Text, primary_key=True),
    Column("times", Text, nullable=False),  # JSON list of the last matches, oldest first
    Column("forget_at", BigInteger, nullable=False, index=True),
)
