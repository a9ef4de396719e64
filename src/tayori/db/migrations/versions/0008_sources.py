"""The sources that attempts leave from, pools of accounts, and the warm-up of sources."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("account", sa.Column("pool", sa.Text(), nullable=True))
    op.add_column("recipient", sa.Column("source", sa.Text(), nullable=True))
    op.add_column("recipient", sa.Column("avoids", sa.Text(), nullable=True))
    op.add_column("attempt", sa.Column("source", sa.Text(), nullable=True))
    op.create_table(
        "warmup",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("day_ends_at", sa.BigInteger(), nullable=False),
        sa.Column("day_used", sa.BigInteger(), nullable=False),
        sa.Column("hour_ends_at", sa.BigInteger(), nullable=False),
        sa.Column("hour_used", sa.BigInteger(), nullable=False),
        sa.Column("refused", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", "provider", name=op.f("pk_warmup")),
    )
