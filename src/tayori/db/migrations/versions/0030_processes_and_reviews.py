"""Processes say that they live, and templates that wait for review are found by an index."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

_LIVE = sa.text("deleted_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "process",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("kind", "version")),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("started_at", "seen_at")),
        sa.Column("engines", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_process")),
    )
    op.create_index(
        "ix_template_status_updated_at_id",
        "template",
        ["status", "updated_at", "id"],
        sqlite_where=_LIVE,
        postgresql_where=_LIVE,
    )


def downgrade() -> None:
    raise NotImplementedError("Restore the backup that was taken before the upgrade.")
