"""What the rules of review found in a template, and until when a person is to decide."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("business", "findings"):
        op.add_column("template", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    op.add_column("template", sa.Column("due_at", sa.BigInteger(), nullable=True))
