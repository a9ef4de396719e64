"""Users of the console, their sessions and links, and the log of what they did."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _users()
    _memberships()
    _sessions()
    _links()
    _audit_log()


def _counted() -> "sa.Column[int]":
    return sa.Column("id", _KEY, autoincrement=True, nullable=False)


def _reference(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}")
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name)


def _users() -> None:
    op.create_table(
        "console_user",
        _counted(),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("operator", sa.Boolean(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("suspended_at", sa.BigInteger()),
        sa.Column("totp_sealed", sa.LargeBinary()),
        sa.Column("totp_since", sa.BigInteger()),
        sa.Column("totp_step", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_console_user")),
        sa.UniqueConstraint("login", name=op.f("uq_console_user_login")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "recovery_code",
        sa.Column("user_id", _KEY, nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        _reference("recovery_code", "user_id", "console_user"),
        sa.PrimaryKeyConstraint("user_id", "code_hash", name=op.f("pk_recovery_code")),
    )


def _memberships() -> None:
    op.create_table(
        "membership",
        sa.Column("user_id", _KEY, nullable=False),
        sa.Column("account_id", _KEY, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        _reference("membership", "user_id", "console_user"),
        _reference("membership", "account_id", "account"),
        sa.PrimaryKeyConstraint("user_id", "account_id", name=op.f("pk_membership")),
    )
    op.create_index("ix_membership_account_id", "membership", ["account_id"])


def _sessions() -> None:
    op.create_table(
        "console_session",
        _counted(),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("user_id", _KEY, nullable=False),
        sa.Column("account_id", _KEY),
        sa.Column("csrf", sa.Text(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        _reference("console_session", "user_id", "console_user"),
        _reference("console_session", "account_id", "account"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_console_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_console_session_token_hash")),
        sqlite_autoincrement=True,
    )
    for column in ("user_id", "expires_at"):
        op.create_index(f"ix_console_session_{column}", "console_session", [column])


def _links() -> None:
    op.create_table(
        "user_link",
        _counted(),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("operator", sa.Boolean(), nullable=False),
        sa.Column("account_id", _KEY),
        sa.Column("role", sa.Text()),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("invited_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        _reference("user_link", "account_id", "account"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_user_link_token_hash")),
        sqlite_autoincrement=True,
    )
    for column in ("login", "account_id", "expires_at"):
        op.create_index(f"ix_user_link_{column}", "user_link", [column])


def _audit_log() -> None:
    op.create_table(
        "audit_entry",
        _counted(),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger()),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger()),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("value_before", sa.Text(), nullable=False),
        sa.Column("value_after", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_entry_at", "audit_entry", ["at"])
    for column in ("account_id", "user_id"):
        op.create_index(f"ix_audit_entry_{column}_id", "audit_entry", [column, "id"])


def downgrade() -> None:
    raise NotImplementedError("Restore the backup that was taken before the upgrade.")
