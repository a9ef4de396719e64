"""What is tracked for whom, and visits that are not judged yet."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "tracking_setting",
        sa.Column("account_id", _KEY, nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("opens", sa.Boolean()),
        sa.Column("clicks", sa.Boolean()),
        sa.Column("url", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_tracking_setting_account_id")
        ),
        sa.PrimaryKeyConstraint("account_id", "sender", name=op.f("pk_tracking_setting")),
    )
    op.create_table(
        "visit",
        sa.Column("id", _KEY, autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("recipient_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("useragent", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_visit_at", "visit", ["at"])
    op.create_index("ix_visit_recipient_id", "visit", ["recipient_id"])
