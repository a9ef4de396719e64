"""Mail takes turns by account and task; the causes of waits are kept."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_OPEN = sa.text("due_at IS NOT NULL")


def upgrade() -> None:
    for name, kind in (("rank", sa.Integer()), ("flow", sa.BigInteger())):
        column = sa.Column(name, kind, nullable=False, server_default=sa.text("0"))
        op.add_column("recipient", column)
    for table in ("recipient", "attempt"):
        op.add_column(table, sa.Column("wait_cause", sa.Text(), nullable=True))
        op.add_column(table, sa.Column("wait_since", sa.BigInteger(), nullable=True))
    op.execute(
        "UPDATE recipient SET rank = priority + CASE WHEN attempts > 0 THEN 3 ELSE 0 END,"
        " flow = CASE WHEN priority = 2 THEN COALESCE((SELECT task_id FROM message"
        " WHERE message.id = recipient.message_id), 0) ELSE 0 END WHERE due_at IS NOT NULL"
    )
    op.drop_index("ix_recipient_due", table_name="recipient")
    for index, columns, where in (
        ("ix_recipient_rank", ["rank", "due_at"], _OPEN),
        ("ix_recipient_flow", ["rank", "account_id", "flow", "due_at"], _OPEN),
    ):
        op.create_index(index, "recipient", columns, sqlite_where=where, postgresql_where=where)
