"""Which mail put an address on the shared blacklist, and on how many days mailboxes were full."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("shared_blacklist", sa.Column("message_id", sa.BigInteger(), nullable=True))
    op.create_table(
        "full_mailbox",
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("days", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_full_mailbox")),
    )
    op.create_index(op.f("ix_full_mailbox_last_at"), "full_mailbox", ["last_at"])
