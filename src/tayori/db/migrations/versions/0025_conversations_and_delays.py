"""What was said in an attempt is kept with it, and whether a delay was told."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    told = sa.Column("delay_told", sa.Integer(), nullable=False, server_default=sa.text("0"))
    op.add_column("recipient", told)
    for name in ("provider", "conversation"):
        op.add_column("attempt", sa.Column(name, sa.Text(), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("Restore the backup that was taken before the upgrade.")
