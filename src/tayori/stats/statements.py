"""The SQL of statistics, each statement by name."""

from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from tayori.db.statement import LIKE_ESCAPE, Statement, among, by_dialect
from tayori.db.tables.events import IS_COMPLAINT, IS_REACTION, event
from tayori.db.tables.queue import message, recipient
from tayori.db.tables.stats import daily_volume, keyed_volume
from tayori.events.model import EventKind
from tayori.events.store import BY_A_PERSON
from tayori.stats.model import ALL, Cell, KeyCell, Volume

FACTS = Statement(
    select(
        event,
        message.c.from_address,
        message.c.accepted_at.label("sent_at"),
        message.c.template_id,
        message.c.task_id,
        recipient.c.domain.label("mailbox_type"),
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
TAKEN = Statement(
    select(recipient.c.message_id, recipient.c.domain, func.count().label("number"))
    .where(among(recipient.c.message_id, "messages"))
    .group_by(recipient.c.message_id, recipient.c.domain)
)
FIRSTS = Statement(
    select(event.c.recipient_id, event.c.kind, func.min(event.c.id).label("first"))
    .where(among(event.c.recipient_id, "recipients"))
    .where(text(IS_REACTION))
    .where(BY_A_PERSON)
    .group_by(event.c.recipient_id, event.c.kind)
)

DELIVERED = Statement(
    select(event.c.recipient_id, event.c.data)
    .where(among(event.c.message_id, "messages"))
    .where(event.c.kind == EventKind.DELIVERED.value)
)


def _add(build: Any, table: Table, key: tuple[str, ...]) -> Any:
    added = build(table).values({c.name: bindparam(c.name) for c in table.c})
    sums = {name: table.c[name] + added.excluded[name] for name in Volume._fields}
    return added.on_conflict_do_update(index_elements=list(key), set_=sums)


def _adding(table: Table, key: tuple[str, ...]) -> Statement:
    return Statement(
        by_dialect(
            sqlite=_add(sqlite_insert, table, key), postgresql=_add(postgresql_insert, table, key)
        )
    )


ADD = _adding(daily_volume, Cell._fields)
ADD_KEYED = _adding(keyed_volume, KeyCell._fields)

_of = daily_volume.c
REPORT = Statement(
    select(_of.day, *(_of[name] for name in Volume._fields))
    .where(_of.account_id == bindparam("account"))
    .where(among(_of.day, "days"))
    .where(_of.domain == bindparam("of_domain"))
    .where(_of.mailbox_type == bindparam("of_type"))
)

BY_MAILBOX_TYPE = Statement(
    select(
        _of.mailbox_type.label("key"),
        *(func.sum(_of[name]).label(name) for name in Volume._fields),
    )
    .where(_of.account_id == bindparam("account"))
    .where(among(_of.day, "days"))
    .where(_of.domain == ALL)
    .where(_of.mailbox_type != ALL)
    .group_by(_of.mailbox_type)
    .order_by(_of.mailbox_type)
)

_keyed = keyed_volume.c
_wanted = (
    (_keyed.account_id == bindparam("account"))
    & (_keyed.kind == bindparam("of_kind"))
    & among(_keyed.day, "days")
)
_sums = (func.sum(_keyed[name]).label(name) for name in Volume._fields)
_by_key = select(_keyed.key, *_sums).where(_wanted).group_by(_keyed.key).order_by(_keyed.key)
BY_KEY = Statement(_by_key)
BY_KEY_OF_ONE = Statement(_by_key.where(_keyed.key == bindparam("of_key")))
BY_DAY_OF_ONE = Statement(
    select(_keyed.day, *(_keyed[name] for name in Volume._fields))
    .where(_wanted)
    .where(_keyed.key == bindparam("of_key"))
)

_delivered = func.coalesce(recipient.c.ended_at, recipient.c.accepted_at)
_NARROWED = {
    "from_domain": func.lower(message.c.from_address).like(
        bindparam("from_domain"), escape=LIKE_ESCAPE
    ),
    "from_address": func.lower(message.c.from_address) == bindparam("from_address"),
    "mailbox_type": recipient.c.domain == bindparam("mailbox_type"),
    "to_address": func.lower(recipient.c.address) == bindparam("to_address"),
    "template_id": message.c.template_id == bindparam("template_id"),
}


@lru_cache(maxsize=1 << len(_NARROWED))
def complaints(narrowed: frozenset[str]) -> Statement:
    """Return the statement for a page of complaints, narrowed by these parameters."""
    chosen = _complained(
        event.c.at.label("complained_at"),
        event.c.data,
        _delivered.label("delivered_at"),
        message.c.from_address,
        message.c.template_id,
        message.c.public_id,
        message.c.rfc_message_id,
        message.c.subject,
        recipient.c.address,
        recipient.c.domain,
        narrowed=narrowed,
    )
    page = chosen.order_by(event.c.at, event.c.id)
    return Statement(page.limit(bindparam("most")).offset(bindparam("skip")))


@lru_cache(maxsize=1 << len(_NARROWED))
def count_complaints(narrowed: frozenset[str]) -> Statement:
    """Return the statement for how many complaints there are."""
    return Statement(_complained(func.count().label("total"), narrowed=narrowed))


def _complained(*columns: ColumnElement[Any], narrowed: frozenset[str]) -> Select[Any]:
    joined = event.join(message, message.c.id == event.c.message_id).join(
        recipient, recipient.c.id == event.c.recipient_id
    )
    return (
        select(*columns)
        .select_from(joined)
        .where(text(IS_COMPLAINT))
        .where(event.c.account_id == bindparam("account"))
        # Nobody complains of a mail before it comes: what is older cannot be meant.
        .where(event.c.at >= bindparam("first"))
        .where(_delivered >= bindparam("first"))
        .where(_delivered < bindparam("end"))
        .where(*(_NARROWED[name] for name in sorted(narrowed)))
    )
