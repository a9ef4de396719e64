"""Indexes for reactions to mails, for complaints, and for the search by address."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_REACTION = "kind IN ('open', 'click', 'spamreport', 'unsubscribe')"
_COMPLAINT = "kind = 'spamreport'"


def upgrade() -> None:
    op.create_index(
        "ix_event_reaction",
        "event",
        ["recipient_id", "kind", "id"],
        sqlite_where=sa.text(_REACTION),
        postgresql_where=sa.text(_REACTION),
    )
    op.create_index(
        "ix_event_complaint",
        "event",
        ["account_id", "at", "id"],
        sqlite_where=sa.text(_COMPLAINT),
        postgresql_where=sa.text(_COMPLAINT),
    )
    op.create_index(
        "ix_recipient_account_id_address_accepted_at",
        "recipient",
        ["account_id", "address", "accepted_at", "id"],
    )
