"""A domain's figures of a day, whom it wrote to, and what was decided about its level."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_COUNTS = (
    *("mails", "sent", "delivered", "invalid", "spam"),
    *("rejected", "deferred", "complained", "opened"),
)


def upgrade() -> None:
    op.create_table(
        "domain_day",
        sa.Column("identity_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _COUNTS),
        sa.Column("lowered", sa.Boolean(), nullable=False),
        sa.Column("warned", sa.Boolean(), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("identity_id", "day", "provider", name=op.f("pk_domain_day")),
    )
    op.create_index("ix_domain_day_day_closed", "domain_day", ["day", "closed"])
    op.create_table(
        "domain_contact",
        sa.Column("identity_id", _KEY, nullable=False, autoincrement=False),
        sa.Column("day", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("address", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("flags", sa.Integer(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("identity_id", "day", "address", name=op.f("pk_domain_contact")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_domain_contact_day", "domain_contact", ["day"])
    op.create_table(
        "level_change",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("identity_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("from_level", sa.Integer(), nullable=False),
        sa.Column("to_level", sa.Integer(), nullable=False),
        sa.Column("effective_at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("figures", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_level_change")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_level_change_identity_id_id", "level_change", ["identity_id", "id"])
    op.create_index("ix_level_change_account_id_kind", "level_change", ["account_id", "kind"])
