"""Endpoints that hear of events, the calls to them, and their attempts."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_WAITING = sa.text("due_at IS NOT NULL")


def _big() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "callback_endpoint",
        sa.Column("id", _big(), autoincrement=True, nullable=False),
        sa.Column("account_id", _big(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("failing_since", sa.BigInteger(), nullable=True),
        sa.Column("rests_until", sa.BigInteger(), nullable=False),
        sa.Column("off_at", sa.BigInteger(), nullable=True),
        sa.Column("off_reason", sa.Text(), nullable=False),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_ends_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callback_endpoint")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_callback_endpoint_account_id_sender",
        "callback_endpoint",
        ["account_id", "sender"],
        unique=True,
    )
    _calls()
    _attempts()


def _calls() -> None:
    op.create_table(
        "callback_call",
        sa.Column("id", _big(), autoincrement=True, nullable=False),
        sa.Column("endpoint_id", _big(), nullable=False),
        sa.Column("stream", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callback_call")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_callback_call_created_at"), "callback_call", ["created_at"])
    op.create_index(
        "ix_callback_call_endpoint_id_created_at", "callback_call", ["endpoint_id", "created_at"]
    )
    for name, columns in (
        ("ix_callback_call_due", ["endpoint_id", "due_at", "id"]),
        ("ix_callback_call_stream", ["endpoint_id", "stream", "id"]),
    ):
        op.create_index(
            name, "callback_call", columns, sqlite_where=_WAITING, postgresql_where=_WAITING
        )


def _attempts() -> None:
    op.create_table(
        "callback_attempt",
        sa.Column("id", _big(), autoincrement=True, nullable=False),
        sa.Column("call_id", _big(), nullable=False),
        sa.Column("endpoint_id", _big(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("response", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callback_attempt")),
        sqlite_autoincrement=True,
    )
    for name, columns in (
        ("ix_callback_attempt_call_id", ["call_id"]),
        ("ix_callback_attempt_endpoint_id_id", ["endpoint_id", "id"]),
        ("ix_callback_attempt_at", ["at"]),
    ):
        op.create_index(name, "callback_attempt", columns)
