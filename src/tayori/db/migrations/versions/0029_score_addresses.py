"""Addresses to which a mail is sent to be scored."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "score_address",
        sa.Column("id", _KEY, autoincrement=True, nullable=False),
        sa.Column("account_id", _KEY, nullable=True),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("scored_at", sa.BigInteger(), nullable=True),
        sa.Column("tenths", sa.Integer(), nullable=False),
        sa.Column("business", sa.Text(), nullable=False),
        sa.Column("header_from", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("losses", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_score_address_account_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_score_address")),
        sa.UniqueConstraint("token", name=op.f("uq_score_address_token")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_score_address_expires_at", "score_address", ["expires_at"])
    op.create_index(
        "ix_score_address_account_id_created_at", "score_address", ["account_id", "created_at"]
    )
