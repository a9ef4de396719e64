"""The SQL of suppression, each statement by name."""

from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from tayori.db.statement import Statement, among, by_dialect
from tayori.db.tables.queue import message, recipient
from tayori.db.tables.suppress import custom_blacklist, shared_blacklist, unsubscription

_shared, _custom, _gone = shared_blacklist.c, custom_blacklist.c, unsubscription.c

SHARED_AMONG = Statement(
    select(_shared.address, _shared.reason)
    .where(among(_shared.address, "addresses"))
    .where(_shared.expires_at > bindparam("now"))
)
CUSTOM_AMONG = Statement(
    select(_custom.account_id, _custom.address)
    .where(among(_custom.address, "addresses"))
    .where(among(_custom.account_id, "accounts"))
    .where(func.coalesce(_custom.expires_at, bindparam("ever")) > bindparam("now"))
)
GONE_AMONG = Statement(
    select(_gone.domain, _gone.address, _gone.cause)
    .where(among(_gone.address, "addresses"))
    .where(among(_gone.domain, "domains"))
)

_BLOCK: dict[str, Any] = {c.name: bindparam(c.name) for c in shared_blacklist.c}
BLOCK = Statement(
    by_dialect(
        sqlite=sqlite_insert(shared_blacklist)
        .values(_BLOCK)
        .on_conflict_do_update(index_elements=["address"], set_=_BLOCK),
        postgresql=postgresql_insert(shared_blacklist)
        .values(_BLOCK)
        .on_conflict_do_update(index_elements=["address"], set_=_BLOCK),
    )
)
_OWN = (
    (_shared.account_id == bindparam("account"))
    & (_shared.at >= bindparam("first"))
    & (_shared.at < bindparam("end"))
    & (_shared.expires_at > bindparam("now"))
)
LIST_SHARED = Statement(
    select(shared_blacklist)
    .where(_OWN)
    .order_by(_shared.at.desc(), _shared.address)
    .limit(bindparam("most"))
    .offset(bindparam("skip"))
)
COUNT_SHARED = Statement(select(func.count().label("total")).where(_OWN))
_OF_ADDRESS = _OWN & (_shared.address == bindparam("wanted"))
FIND_SHARED = Statement(select(shared_blacklist).where(_OF_ADDRESS))
UNBLOCK = Statement(
    delete(shared_blacklist)
    .where(_shared.account_id == bindparam("account"))
    .where(among(_shared.address, "addresses"))
)
SWEEP_SHARED = Statement(delete(shared_blacklist).where(_shared.expires_at <= bindparam("now")))

HELD_CUSTOM = Statement(
    select(_custom.address)
    .where(_custom.account_id == bindparam("account"))
    .where(among(_custom.address, "addresses"))
)
INSERT_CUSTOM = Statement(
    insert(custom_blacklist).values(
        {c.name: bindparam(c.name) for c in custom_blacklist.c if c.name != "id"}
    )
)
EXTEND_CUSTOM = Statement(
    update(custom_blacklist)
    .where(_custom.account_id == bindparam("account"))
    .where(among(_custom.address, "addresses"))
    .values(expires_at=bindparam("until"))
)
UPDATE_CUSTOM = Statement(
    update(custom_blacklist)
    .where(_custom.account_id == bindparam("account"))
    .where(_custom.id == bindparam("of_id"))
    .values(address=bindparam("to_address"), expires_at=bindparam("until"))
)
DELETE_CUSTOM = Statement(
    delete(custom_blacklist)
    .where(_custom.account_id == bindparam("account"))
    .where(among(_custom.address, "addresses"))
)
_MINE = _custom.account_id == bindparam("account")
_LIVE = func.coalesce(_custom.expires_at, bindparam("ever")) > bindparam("now")
_FILTERS = {0: _MINE & ~_LIVE, 1: _MINE & _LIVE, 2: _MINE}
"""By the wire's Status: 0 expired, 1 active, 2 all."""
_PAGE = select(custom_blacklist).order_by(_custom.id.desc()).limit(bindparam("most"))
_NAMED = _custom.address == bindparam("wanted")
LIST_CUSTOM = {
    (status, named): Statement(
        _PAGE.where(condition & _NAMED if named else condition).offset(bindparam("skip"))
    )
    for status, condition in _FILTERS.items()
    for named in (False, True)
}
COUNT_CUSTOM = {
    (status, named): Statement(
        select(func.count().label("total")).where(condition & _NAMED if named else condition)
    )
    for status, condition in _FILTERS.items()
    for named in (False, True)
}

_GONE_ROW: dict[str, Any] = {
    c.name: bindparam(c.name) for c in unsubscription.c if c.name != "cause"
}


def _add_gone(cause: str | None) -> Statement:
    row = _GONE_ROW | {"cause": cause}
    return Statement(
        by_dialect(
            sqlite=sqlite_insert(unsubscription).values(row).on_conflict_do_nothing(),
            postgresql=postgresql_insert(unsubscription).values(row).on_conflict_do_nothing(),
        )
    )


COMPLAINT = "complaint"
UNSUBSCRIBE = _add_gone(None)
COMPLAIN = _add_gone(COMPLAINT)
RESUBSCRIBE = Statement(
    delete(unsubscription)
    .where(_gone.domain == bindparam("of_domain"))
    .where(_gone.address == bindparam("of_address"))
)
SUBSCRIBERS = Statement(
    select(
        recipient.c.id,
        recipient.c.account_id,
        recipient.c.message_id,
        recipient.c.address,
        message.c.from_address,
    )
    .select_from(recipient.join(message, message.c.id == recipient.c.message_id))
    .where(among(recipient.c.id, "recipients"))
)
GONE_SINCE = Statement(
    select(_gone.at)
    .where(_gone.domain == bindparam("of_domain"))
    .where(_gone.address == bindparam("of_address"))
)
UNDO = Statement(
    delete(unsubscription)
    .where(_gone.domain == bindparam("of_domain"))
    .where(_gone.address == bindparam("of_address"))
    .where(_gone.at > bindparam("after"))
    .where(_gone.cause.is_(None))
)
