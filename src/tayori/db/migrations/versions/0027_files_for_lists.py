"""Files that fill receiver lists, the end of a cycle, and indexes for what the console lists."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_BOUNCE = sa.text("kind = 'bounce'")


def _big() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "receiver_file",
        sa.Column("id", _big(), autoincrement=True, nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("list_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("encoding", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("mapping", sa.Text(), nullable=False),
        sa.Column("first_id", sa.BigInteger(), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("line", "added", "faults")),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("lease_ends_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_receiver_file"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_receiver_file_list_id_id", "receiver_file", ["list_id", "id"])
    op.create_index("ix_receiver_file_created_at", "receiver_file", ["created_at"])
    reading = sa.text("status = 3")
    op.create_index(
        "ix_receiver_file_reading",
        "receiver_file",
        ["id"],
        sqlite_where=reading,
        postgresql_where=reading,
    )
    op.create_table(
        "receiver_file_part",
        sa.Column("file_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("file_id", "number", name="pk_receiver_file_part"),
    )
    op.create_table(
        "receiver_file_fault",
        sa.Column("file_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("value", "fault", "detail")),
        sa.PrimaryKeyConstraint("file_id", "line", name="pk_receiver_file_fault"),
    )
    op.add_column("bulk_task", sa.Column("ends_at", sa.BigInteger(), nullable=True))
    op.create_index("ix_custom_blacklist_account_id_id", "custom_blacklist", ["account_id", "id"])
    op.create_index(
        "ix_unsubscription_account_id_at",
        "unsubscription",
        ["account_id", "at", "address", "domain"],
    )
    op.create_index(
        "ix_event_bounce",
        "event",
        ["account_id", "at", "id"],
        sqlite_where=_BOUNCE,
        postgresql_where=_BOUNCE,
    )


def downgrade() -> None:
    raise NotImplementedError("Restore the backup that was taken before the upgrade.")
