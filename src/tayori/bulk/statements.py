"""The SQL of bulk tasks, each statement by name."""

from typing import Any

from sqlalchemy import (
    Select,
    Text,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.sql.dml import Update

from tayori.db.statement import LIKE_ESCAPE, Statement, among, by_dialect
from tayori.db.tables.bulk import bulk_aside, bulk_first, bulk_skip, bulk_task
from tayori.db.tables.lists import receiver
from tayori.db.tables.queue import IS_FAILED, attempt, message, recipient
from tayori.db.window import window

_task, _skip, _first, _aside = bulk_task.c, bulk_skip.c, bulk_first.c, bulk_aside.c
_next = (
    select(_task.id)
    .where(_task.due_at <= bindparam("now"))
    .order_by(_task.due_at, _task.id)
    .limit(1)
)
_claim = (
    update(bulk_task)
    .values(due_at=bindparam("lease_ends_at"), lease_owner=bindparam("owner"))
    .returning(bulk_task)
)
_chosen = (
    _task.status.between(bindparam("least_status"), bindparam("largest_status")),
    _task.kind.between(bindparam("least_kind"), bindparam("largest_kind")),
    _task.list_id.between(bindparam("least_list"), bindparam("largest_list")),
)
_filtered = (
    _task.account_id.between(bindparam("least_account"), bindparam("largest_account")),
    *_chosen,
)
STEERED = ("status", "cause", "error", "cached", "baseline", "due_at")
"""Columns that whoever pauses or resumes a task changes."""
MOVED = (
    *STEERED,
    *("run", "cursor", "phase", "last", "requested", "sent"),
    *("duplicates", "blacklisted", "unsubscribed", "refused", "day_ends_at", "day_sent"),
    "aside",
)
"""Columns that a step changes."""


def _changed(*columns: str) -> Update:
    return (
        update(bulk_task)
        .where(_task.id == bindparam("of_id"))
        .values({name: bindparam(f"to_{name}") for name in columns})
        # Whoever works on it at this moment finds that the task is no longer its own.
        .values(updated_at=bindparam("now"), lease_owner=None)
    )


INSERT = Statement(
    insert(bulk_task)
    .values({c.name: bindparam(c.name) for c in bulk_task.c if c.name != "id"})
    .returning(bulk_task.c.id)
)
GET = Statement(select(bulk_task).where(_task.id == bindparam("of_id")))
LOCK = Statement(select(bulk_task).where(_task.id == bindparam("of_id")).with_for_update())
CLAIM = Statement(
    by_dialect(
        sqlite=_claim.where(_task.id == _next.scalar_subquery()),
        postgresql=_claim.where(
            _task.id == _next.with_for_update(skip_locked=True).scalar_subquery()
        ),
    )
)
ADVANCE = Statement(_changed(*MOVED).where(_task.lease_owner == bindparam("owner")))
STEER = Statement(_changed(*STEERED))
PAGE = Statement(
    select(bulk_task)
    .where(*_filtered)
    .order_by(_task.id.desc())
    .limit(bindparam("most"))
    .offset(bindparam("skip"))
)
COUNT = Statement(select(func.count().label("total")).select_from(bulk_task).where(*_filtered))
_part = bindparam("part", type_=Text())
NEWEST = window(
    list(_task),
    source=bulk_task,
    key=[_task.id],
    among=_task.account_id == bindparam("account"),
    hit=and_(
        *_chosen,
        or_(
            *(
                func.lower(column).like(_part, escape=LIKE_ESCAPE)
                for column in (_task.subject, _task.list_name, _task.sender)
            )
        ),
    ),
    descending=True,
)
RIVALS = Statement(
    select(_task.day_sent, _task.day_ends_at)
    .where(_task.domain == bindparam("of_domain"))
    .where(_task.due_at.is_not(None))
    .where(or_(_task.due_at <= bindparam("now"), _task.lease_owner.is_not(None)))
    .where(_task.id != bindparam("of_id"))
)
RESENT_AS = Statement(
    select(_task.id)
    .where(_task.account_id == bindparam("account"))
    .where(_task.resends == bindparam("of_id"))
    .limit(1)
)
INSERT_FIRST = Statement(insert(bulk_first).values({c.name: bindparam(c.name) for c in _first}))
FIRST = Statement(
    select(_first.receiver_id)
    .where(_first.task_id == bindparam("of_id"))
    .where(_first.run == bindparam("of_run"))
    .where(_first.receiver_id > bindparam("after"))
    .where(_first.receiver_id <= bindparam("up_to"))
)
FORGET_FIRST = Statement(delete(bulk_first).where(_first.task_id == bindparam("of_id")))
INSERT_ASIDE = Statement(insert(bulk_aside).values({c.name: bindparam(c.name) for c in _aside}))
_of_provider = (
    _aside.task_id == bindparam("of_id"),
    _aside.run == bindparam("of_run"),
    _aside.provider == bindparam("of_provider"),
)
ASIDE = Statement(
    select(_aside.receiver_id, *receiver.c)
    .select_from(bulk_aside.outerjoin(receiver, receiver.c.id == _aside.receiver_id))
    .where(*_of_provider)
    .order_by(_aside.receiver_id)
    .limit(bindparam("most"))
)
REMOVE_ASIDE = Statement(
    delete(bulk_aside).where(*_of_provider).where(among(_aside.receiver_id, "receivers"))
)
FORGET_ASIDE = Statement(delete(bulk_aside).where(_aside.task_id == bindparam("of_id")))
INSERT_SKIP = Statement(insert(bulk_skip).values({c.name: bindparam(c.name) for c in bulk_skip.c}))


def _of_skips(*columns: Any) -> Select[Any]:
    return select(*columns).where(_skip.task_id == bindparam("of_id"))


def _of_recipients(*columns: Any) -> Select[Any]:
    return select(*columns).where(recipient.c.flow == bindparam("of_id")).where(text(IS_FAILED))


SKIPS = Statement(
    _of_skips(bulk_skip)
    .where(
        or_(
            _skip.run > bindparam("after_run"),
            (_skip.run == bindparam("after_run")) & (_skip.receiver_id > bindparam("after")),
        )
    )
    .order_by(_skip.run, _skip.receiver_id)
    .limit(bindparam("most"))
)
FAILED = Statement(
    _of_recipients(
        recipient.c.id,
        recipient.c.address,
        recipient.c.state,
        recipient.c.reply,
        recipient.c.ended_at,
        message.c.public_id,
    )
    .join(message, message.c.id == recipient.c.message_id)
    .where(recipient.c.id > bindparam("after"))
    .order_by(recipient.c.id)
    .limit(bindparam("most"))
)
CLASSES = Statement(
    select(attempt.c.recipient_id, attempt.c.bounce_class)
    .where(among(attempt.c.recipient_id, "recipients"))
    .where(attempt.c.bounce_class != "")
    .order_by(attempt.c.id)
)
