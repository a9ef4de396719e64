"""Providers of recipients' domains, and receivers of bulk tasks who wait for theirs."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "mailbox_provider",
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("domain", name=op.f("pk_mailbox_provider")),
    )
    op.create_table(
        "bulk_aside",
        sa.Column("task_id", _KEY, autoincrement=False, nullable=False),
        sa.Column("run", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("receiver_id", _KEY, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint(
            "task_id", "run", "provider", "receiver_id", name=op.f("pk_bulk_aside")
        ),
        sqlite_with_rowid=False,
    )
    aside = sa.Column("aside", sa.Text(), nullable=False, server_default=sa.text("''"))
    op.add_column("bulk_task", aside)


def downgrade() -> None:
    raise NotImplementedError("Restore the backup that was taken before the upgrade.")
