"""A DKIM key is pending until its record is found, and retired when another took over."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    no = sa.text("false")
    op.add_column("dkim_key", sa.Column("pending", sa.Boolean(), nullable=False, server_default=no))
    op.add_column("dkim_key", sa.Column("retired_at", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("Restore the backup that was taken before the upgrade.")
