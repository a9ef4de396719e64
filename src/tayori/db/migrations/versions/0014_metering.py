"""What accounts used, what it costs, and what they paid before."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _counts(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in names]


def upgrade() -> None:
    op.create_table(
        "meter_day",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        *_counts("mails", "free", "amount"),
        sa.PrimaryKeyConstraint("account_id", "day", name="pk_meter_day"),
    )
    op.create_table(
        "purse",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("free_used", sa.BigInteger(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        *_counts("month_paid", "balance"),
        sa.PrimaryKeyConstraint("account_id", name="pk_purse"),
    )
    op.create_table(
        "credit",
        sa.Column("id", _KEY, autoincrement=True, nullable=False),
        sa.Column("account_id", _KEY, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="fk_credit_account_id_account"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_credit"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_credit_account_id_at", "credit", ["account_id", "at"])
    # What was accepted before there was a meter counts from the statistics, at no price.
    op.execute(
        "INSERT INTO meter_day (account_id, day, mails, free, amount)"
        " SELECT account_id, day, accepted, 0, 0 FROM daily_volume"
        " WHERE domain = '*' AND mailbox_type = '*' AND accepted > 0"
    )
