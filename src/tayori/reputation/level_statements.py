"""The SQL of figures and levels, each statement by name."""

from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from tayori.db.statement import Statement, among, by_dialect
from tayori.db.tables.events import event
from tayori.db.tables.queue import message, recipient
from tayori.db.tables.reputation import domain_contact, domain_day, level_change
from tayori.db.tables.tenants import account, identity
from tayori.reputation.figures import Figures

_day, _contact, _change = domain_day.c, domain_contact.c, level_change.c
ALL = "*"
"""In the place of a provider: all receivers together."""

FACTS = Statement(
    select(
        event.c.id,
        event.c.at,
        event.c.account_id,
        event.c.kind,
        event.c.data,
        message.c.identity_id,
        message.c.accepted_at,
        recipient.c.address,
    )
    .select_from(
        event.outerjoin(message, message.c.id == event.c.message_id).outerjoin(
            recipient, recipient.c.id == event.c.recipient_id
        )
    )
    .where(event.c.id > bindparam("after"))
    .where(event.c.id <= bindparam("until"))
    .order_by(event.c.id)
    .limit(bindparam("most"))
)
CONTACTS = Statement(
    select(_contact.address, _contact.flags, _contact.provider)
    .where(_contact.identity_id == bindparam("of_identity"))
    .where(_contact.day == bindparam("of_day"))
    .where(among(_contact.address, "addresses"))
)


def _keep(build: Any) -> Any:
    row = build(domain_contact).values({c.name: bindparam(c.name) for c in domain_contact.c})
    return row.on_conflict_do_update(
        index_elements=["identity_id", "day", "address"],
        set_={"flags": row.excluded.flags, "provider": row.excluded.provider},
    )


def _add(build: Any) -> Any:
    values: dict[str, Any] = {c.name: bindparam(c.name) for c in domain_day.c}
    row = build(domain_day).values({**values, "lowered": False, "warned": False, "closed": False})
    return row.on_conflict_do_update(
        index_elements=["identity_id", "day", "provider"],
        set_={name: _day[name] + row.excluded[name] for name in Figures._fields},
    )


KEEP_CONTACT = Statement(
    by_dialect(sqlite=_keep(sqlite_insert), postgresql=_keep(postgresql_insert))
)
ADD_FIGURES = Statement(by_dialect(sqlite=_add(sqlite_insert), postgresql=_add(postgresql_insert)))
LOCK_IDENTITIES = Statement(
    select(identity)
    .where(among(identity.c.id, "identities"))
    .order_by(identity.c.id)
    .with_for_update()
)
TOTALS = Statement(
    select(domain_day)
    .where(among(_day.identity_id, "identities"))
    .where(among(_day.day, "days"))
    .where(_day.provider == ALL)
    .order_by(_day.identity_id, _day.day)
)
OPEN_DAYS = Statement(
    select(_day.identity_id, _day.day)
    .where(_day.day < bindparam("today"))
    .where(~_day.closed)
    .where(_day.provider == ALL)
    .order_by(_day.day, _day.identity_id)
    .limit(bindparam("most"))
)
MARK = Statement(
    update(domain_day)
    .where(_day.identity_id == bindparam("of_identity"))
    .where(_day.day == bindparam("of_day"))
    .where(_day.provider == ALL)
    .values(
        lowered=bindparam("is_lowered"), warned=bindparam("is_warned"), closed=bindparam("is_over")
    )
)
CLOSE_OTHERS = Statement(
    update(domain_day)
    .where(_day.day < bindparam("today"))
    .where(~_day.closed)
    .where(_day.provider != ALL)
    .values(closed=True)
)
BEGIN_AGAIN = Statement(
    update(domain_day)
    .where(_day.identity_id == bindparam("of_identity"))
    .where(_day.day == bindparam("of_day"))
    .values({**dict.fromkeys(Figures._fields, 0), "lowered": False, "warned": False})
)
DAYS = Statement(
    select(domain_day)
    .where(_day.identity_id == bindparam("of_identity"))
    .where(_day.day >= bindparam("since"))
    .order_by(_day.day.desc(), _day.provider)
)
TODAY = Statement(
    select(domain_day)
    .select_from(domain_day.join(identity, identity.c.id == _day.identity_id))
    .where(identity.c.domain == bindparam("of_domain"))
    .where(_day.day == bindparam("of_day"))
    .where(_day.provider != ALL)
)
DAYS_OF_ALL = Statement(
    select(domain_day)
    .where(among(_day.identity_id, "identities"))
    .where(_day.day == bindparam("of_day"))
    .where(_day.provider == ALL)
)
RISES = Statement(
    select(_change.identity_id, func.count().label("rises"))
    .where(among(_change.identity_id, "identities"))
    .where(_change.kind == "raised")
    .where(_change.at >= bindparam("since"))
    .group_by(_change.identity_id)
)
BAD_DAYS = Statement(
    select(_change.kind, _change.at)
    .where(_change.account_id == bindparam("of_account"))
    .where(among(_change.kind, "kinds"))
    .where(_change.at >= bindparam("since"))
)
SUSPEND = Statement(
    update(account)
    .where(account.c.id == bindparam("of_account"))
    .where(account.c.suspended_at.is_(None))
    .values(suspended_at=bindparam("now"), suspended_reason=bindparam("because"))
)
UNBLOCKS = Statement(
    select(func.count().label("total"))
    .select_from(level_change)
    .where(_change.account_id == bindparam("of_account"))
    .where(_change.kind == "unblocked")
)
SET_STANDING = Statement(
    update(identity)
    .where(identity.c.id == bindparam("of_identity"))
    .values(
        level=bindparam("to_level"),
        next_level=bindparam("to_next_level"),
        next_level_at=bindparam("to_next_level_at"),
        blocked_until=bindparam("to_blocked_until"),
        blocked_reason=bindparam("to_blocked_reason"),
    )
)
INSERT_CHANGE = Statement(
    insert(level_change).values(
        {c.name: bindparam(c.name) for c in level_change.c if c.name != "id"}
    )
)
CHANGES = Statement(
    select(level_change)
    .where(_change.identity_id == bindparam("of_identity"))
    .order_by(_change.id.desc())
    .limit(bindparam("most"))
)
LIST = Statement(
    select(identity)
    .where(identity.c.account_id.between(bindparam("least_account"), bindparam("largest_account")))
    .order_by(identity.c.account_id, identity.c.domain)
)
ONE = Statement(select(identity).where(identity.c.domain == bindparam("of_domain")))
ONE_LOCKED = Statement(
    select(identity).where(identity.c.domain == bindparam("of_domain")).with_for_update()
)
_sent = (
    select(_day.identity_id)
    .where(_day.identity_id == identity.c.id)
    .where(_day.day >= bindparam("since_day"))
)
_decided = (
    select(_change.id)
    .where(_change.identity_id == identity.c.id)
    .where(_change.at >= bindparam("since_at"))
)
IDLE = Statement(
    select(identity.c.id)
    .where(identity.c.level > 1)
    .where(identity.c.created_at < bindparam("since_at"))
    .where(~_sent.exists())
    .where(~_decided.exists())
    .order_by(identity.c.id)
    .limit(bindparam("most"))
)
OLD_CONTACTS = Statement(
    select(_contact.identity_id, _contact.day).where(_contact.day < bindparam("before")).limit(1)
)
EDGE = Statement(
    select(_contact.address)
    .where(_contact.identity_id == bindparam("of_identity"))
    .where(_contact.day == bindparam("of_day"))
    .order_by(_contact.address)
    .limit(1)
    .offset(bindparam("skip"))
)
FORGET_CONTACTS = Statement(
    delete(domain_contact)
    .where(_contact.identity_id == bindparam("of_identity"))
    .where(_contact.day == bindparam("of_day"))
    .where(_contact.address <= bindparam("up_to"))
)
FORGET_DAYS = Statement(delete(domain_day).where(_day.day < bindparam("before")))
