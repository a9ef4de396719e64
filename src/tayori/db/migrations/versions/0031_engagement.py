"""Who read an account's mail, and the receivers of a run who come first for it."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "engagement",
        sa.Column("account_id", _KEY, autoincrement=False, nullable=False),
        sa.Column("address", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "address", name=op.f("pk_engagement")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_engagement_at", "engagement", ["at"])
    op.create_table(
        "bulk_first",
        sa.Column("task_id", _KEY, autoincrement=False, nullable=False),
        sa.Column("run", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("receiver_id", _KEY, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("task_id", "run", "receiver_id", name=op.f("pk_bulk_first")),
        sqlite_with_rowid=False,
    )
    phase = sa.Column("phase", sa.Integer(), nullable=False, server_default=sa.text("0"))
    op.add_column("bulk_task", phase)


def downgrade() -> None:
    raise NotImplementedError("Restore the backup that was taken before the upgrade.")
