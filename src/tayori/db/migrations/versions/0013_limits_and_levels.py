"""Limits of single accounts; what is decided about a domain takes effect later, or for a while."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "account_limit",
        sa.Column("account_id", _KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="fk_account_limit_account_id_account"
        ),
        sa.PrimaryKeyConstraint("account_id", "name", name="pk_account_limit"),
    )
    op.add_column("identity", sa.Column("next_level", sa.Integer(), nullable=True))
    op.add_column("identity", sa.Column("next_level_at", sa.BigInteger(), nullable=True))
    op.add_column("identity", sa.Column("blocked_until", sa.BigInteger(), nullable=True))
    op.add_column(
        "identity",
        sa.Column("blocked_reason", sa.Text(), nullable=False, server_default=sa.text("''")),
    )
    # The counters of a day are named by its end, too, so those of today go on.
    op.execute(
        "UPDATE quota SET key = key || '@' || window_ends_at"
        " WHERE scope IN ('account/day', 'domain/day')"
    )
