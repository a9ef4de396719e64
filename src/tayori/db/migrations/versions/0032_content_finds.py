"""Finds in mails that count against an account."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "content_find",
        sa.Column("account_id", _KEY, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("found_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_content_find_account_id_account")
        ),
        sa.PrimaryKeyConstraint("account_id", "kind", "key", name=op.f("pk_content_find")),
    )
    op.create_index(
        "ix_content_find_account_id_kind_found_at",
        "content_find",
        ["account_id", "kind", "found_at"],
    )
