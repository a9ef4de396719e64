"""Who of a list would be passed over if its task began now: read from the first of its receivers.

A list may be long, so no more than `LOOKED_AT` receivers are looked at; who wants to know about the
whole list reckons with their share.
"""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, bindparam, case, exists, func, or_, select

from tayori.bulk.model import Skipped
from tayori.db.database import Database
from tayori.db.statement import Statement
from tayori.db.tables.lists import receiver
from tayori.db.tables.suppress import custom_blacklist, shared_blacklist, unsubscription

LOOKED_AT: Final = 5_000

_first = (
    select(func.lower(receiver.c.address).label("address"), receiver.c.id)
    .where(receiver.c.list_id == bindparam("of_list"))
    .where(receiver.c.valid)
    .order_by(receiver.c.id)
    .limit(bindparam("looked"))
    .cte("first_receivers")
)
# Whoever stands there twice is looked at once; the others are duplicates.
_each = select(_first.c.address).distinct().subquery("each_address")
_gone = exists().where(
    unsubscription.c.domain == bindparam("of_domain"),
    unsubscription.c.address == _each.c.address,
)
_custom = exists().where(
    custom_blacklist.c.account_id == bindparam("account"),
    custom_blacklist.c.address == _each.c.address,
    or_(custom_blacklist.c.expires_at.is_(None), custom_blacklist.c.expires_at > bindparam("now")),
)
_shared = exists().where(
    shared_blacklist.c.address == _each.c.address,
    shared_blacklist.c.expires_at > bindparam("now"),
)


def _counted(condition: ColumnElement[bool]) -> Any:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


OUTLOOK: Final = Statement(
    select(
        select(func.count()).select_from(_first).scalar_subquery().label("looked_at"),
        func.count().label("addresses"),
        _counted(_gone).label("unsubscribed"),
        _counted(and_(or_(_custom, _shared), ~_gone)).label("blacklisted"),
    ).select_from(_each)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """How many of `looked_at` receivers would be passed over, by reason; never refused ones."""

    looked_at: int
    skipped: Skipped


class OutlookStore:
    """Looks into lists and at who is not written to."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def look(self, account_id: int, list_id: int, domain: str, now: int) -> Outlook:
        """Return who would be passed over by a task from a sender domain (A-labels)."""
        values = {
            "account": account_id,
            "of_list": list_id,
            "of_domain": domain,
            "now": now,
            "looked": LOOKED_AT,
        }
        async with self._database.read() as transaction:
            row = await transaction.fetch_one(OUTLOOK, values)
        if row is None:
            return Outlook(looked_at=0, skipped=Skipped())
        looked_at = int(row["looked_at"])
        skipped = Skipped(
            duplicates=looked_at - int(row["addresses"]),
            blacklisted=int(row["blacklisted"]),
            unsubscribed=int(row["unsubscribed"]),
        )
        return Outlook(looked_at=looked_at, skipped=skipped)
