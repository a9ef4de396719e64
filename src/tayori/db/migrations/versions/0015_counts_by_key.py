"""Counts by sender, template, task and provider; mails that were deferred."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_COUNTS = (
    *("requested", "accepted", "delivered", "opened", "clicked"),
    *("bounced", "unsubscribed", "complained", "deferred"),
)


def upgrade() -> None:
    op.add_column(
        "daily_volume",
        sa.Column("deferred", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
    )
    op.create_table(
        "keyed_volume",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("kind", "day", "key")),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _COUNTS),
        sa.PrimaryKeyConstraint("account_id", "kind", "day", "key", name="pk_keyed_volume"),
    )
