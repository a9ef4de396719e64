"""A version of a template keeps the blocks that the console's editor made it of."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "template_version", sa.Column("blocks", sa.Text(), nullable=False, server_default="")
    )


def downgrade() -> None:
    raise NotImplementedError("Restore the backup that was taken before the upgrade.")
