"""Bulk tasks: why they wait, who was passed over, shares of a domain's day, failed receivers."""

from email.utils import parseaddr

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_TEXTS = ("cause", "domain", "baseline")
_BIG = ("last", "day_ends_at")
_COUNTS = ("duplicates", "blacklisted", "unsubscribed", "refused", "day_sent")
_OPEN = sa.text("due_at IS NOT NULL")
_FAILED = sa.text("state IN (4, 5, 6) AND flow > 0")


def _add(name: str, kind: sa.Text | sa.BigInteger | sa.Integer, default: str) -> None:
    column = sa.Column(name, kind, nullable=False, server_default=sa.text(default))
    op.add_column("bulk_task", column)


def upgrade() -> None:
    for name in _TEXTS:
        _add(name, sa.Text(), "''")
    for name in _BIG:
        _add(name, sa.BigInteger(), "0")
    for name in _COUNTS:
        _add(name, sa.Integer(), "0")
    op.add_column("bulk_task", sa.Column("resends", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_bulk_task_domain",
        "bulk_task",
        ["domain", "due_at"],
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
    op.create_table(
        "bulk_skip",
        sa.Column("task_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("run", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("receiver_id", sa.BigInteger(), autoincrement=False, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("address", "reason", "detail")),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("task_id", "run", "receiver_id", name="pk_bulk_skip"),
    )
    op.create_index(
        "ix_recipient_failed",
        "recipient",
        ["flow", "id"],
        sqlite_where=_FAILED,
        postgresql_where=_FAILED,
    )
    _fill()


def _fill() -> None:
    """Say of tasks that exist whose domain they send from and where their run ends."""
    connection = op.get_bind()
    tasks = sa.table("bulk_task", sa.column("id"), sa.column("sender"), sa.column("domain"))
    for number, sender in connection.execute(sa.select(tasks.c.id, tasks.c.sender)).all():
        domain = parseaddr(sender)[1].rpartition("@")[2].lower()
        connection.execute(tasks.update().where(tasks.c.id == number).values(domain=domain))
    op.execute(
        "UPDATE bulk_task SET last = COALESCE((SELECT MAX(id) FROM receiver"
        " WHERE receiver.list_id = bulk_task.list_id), 0) WHERE status IN (5, 6, 7)"
    )
    op.execute("UPDATE bulk_task SET refused = requested - sent WHERE status = 10")
    op.execute("UPDATE bulk_task SET cause = 'quota' WHERE status = 6")
    op.execute("UPDATE bulk_task SET cause = 'refused' WHERE status = 7")
