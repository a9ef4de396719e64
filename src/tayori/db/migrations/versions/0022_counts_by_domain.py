"""Counts of sender domains stand beside the other keyed ones, so that a report reads only them."""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_COUNTS = (
    "requested, accepted, delivered, opened, clicked, bounced, unsubscribed, complained, deferred"
)


def upgrade() -> None:
    op.execute(
        f"INSERT INTO keyed_volume (account_id, kind, day, key, {_COUNTS})"  # noqa: S608 - constants
        f" SELECT account_id, 'domain', day, domain, {_COUNTS} FROM daily_volume"
        " WHERE domain <> '*' AND mailbox_type = '*'"
    )
