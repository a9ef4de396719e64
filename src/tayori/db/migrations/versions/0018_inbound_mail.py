"""Mail that comes back, forwarding, reports on domains, and why somebody is not written to."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_WAITS = sa.text("due_at IS NOT NULL")


def upgrade() -> None:
    op.add_column("unsubscription", sa.Column("cause", sa.Text(), nullable=True))
    _inbound_mail()
    op.create_table(
        "forwarding",
        sa.Column("identity_id", _BIG, autoincrement=False, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("identity_id", name=op.f("pk_forwarding")),
    )
    _reports()


def _inbound_mail() -> None:
    op.create_table(
        "inbound_mail",
        sa.Column("id", _BIG, autoincrement=True, nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("helo", sa.Text(), nullable=False),
        sa.Column("tls", sa.Text(), nullable=False),
        sa.Column("mail_from", sa.Text(), nullable=False),
        sa.Column("recipients", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("header_from", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("authentication", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_mail")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_inbound_mail_due",
        "inbound_mail",
        ["due_at"],
        sqlite_where=_WAITS,
        postgresql_where=_WAITS,
    )
    op.create_index("ix_inbound_mail_state_id", "inbound_mail", ["state", "id"])
    op.create_index("ix_inbound_mail_received_at", "inbound_mail", ["received_at"])


def _reports() -> None:
    op.create_table(
        "dmarc_report",
        sa.Column("id", _BIG, autoincrement=True, nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("begins_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dmarc_report")),
        sa.UniqueConstraint(
            "domain",
            "organisation",
            "report",
            name=op.f("uq_dmarc_report_domain_organisation_report"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_dmarc_report_domain_ends_at", "dmarc_report", ["domain", "ends_at"])
    op.create_table(
        "dmarc_row",
        sa.Column("id", _BIG, autoincrement=True, nullable=False),
        sa.Column("report_id", _BIG, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("header_from", sa.Text(), nullable=False),
        sa.Column("disposition", sa.Text(), nullable=False),
        sa.Column("dkim", sa.Text(), nullable=False),
        sa.Column("spf", sa.Text(), nullable=False),
        sa.Column("mails", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dmarc_row")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_dmarc_row_report_id"), "dmarc_row", ["report_id"])
