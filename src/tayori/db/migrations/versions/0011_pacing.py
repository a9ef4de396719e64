"""Shares of receivers' limits, and rates, of delivery processes."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pacing_key",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("next_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_pacing_key")),
    )
    op.create_table(
        "pacing_owner",
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("owner", name=op.f("pk_pacing_owner")),
    )
    op.create_table(
        "pacing_share",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("granted", sa.Integer(), nullable=False),
        sa.Column("since_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", "owner", name=op.f("pk_pacing_share")),
    )
    op.create_index(op.f("ix_pacing_share_owner"), "pacing_share", ["owner"])
