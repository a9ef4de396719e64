"""The SQL of callbacks, each statement by name."""

from typing import Any

from sqlalchemy import bindparam, exists, func, insert, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import aliased

from tayori.callbacks.model import FIRST_TAKEN, LAST_TAKEN, CallState
from tayori.db.statement import Statement, among, by_dialect
from tayori.db.tables.callbacks import (
    WAITING,
    callback_attempt,
    callback_call,
    callback_endpoint,
)
from tayori.db.tables.events import event
from tayori.db.tables.queue import message, recipient
from tayori.db.tables.tenants import account

_end, _call, _attempt = callback_endpoint.c, callback_call.c, callback_attempt.c

FACTS = Statement(
    select(
        event.c.id,
        event.c.at,
        event.c.kind,
        event.c.data,
        event.c.account_id,
        event.c.recipient_id,
        recipient.c.address,
        message.c.public_id,
        message.c.from_address,
        message.c.subject,
        message.c.rfc_message_id,
        message.c.accepted_at,
        message.c.template_id,
        message.c.task_id,
        message.c.callback_headers,
        account.c.app_id,
    )
    .select_from(
        event.outerjoin(message, message.c.id == event.c.message_id)
        .outerjoin(recipient, recipient.c.id == event.c.recipient_id)
        .outerjoin(account, account.c.id == event.c.account_id)
    )
    .where(event.c.id > bindparam("after"))
    .where(event.c.id <= bindparam("until"))
    .order_by(event.c.id)
    .limit(bindparam("most"))
)
ENDPOINTS_OF = Statement(select(callback_endpoint).where(among(_end.account_id, "accounts")))
ALL_ENDPOINTS = Statement(select(callback_endpoint).order_by(_end.account_id, _end.sender))
GET_ENDPOINT = Statement(select(callback_endpoint).where(_end.id == bindparam("of_id")))
_NEW: dict[str, Any] = {c.name: bindparam(c.name) for c in callback_endpoint.c if c.name != "id"}
_CHANGED = ("url", "failing_since", "rests_until", "off_at", "off_reason")


def _put(build: Any) -> Any:
    added = build(callback_endpoint).values(_NEW)
    return added.on_conflict_do_update(
        index_elements=["account_id", "sender"],
        set_={name: added.excluded[name] for name in _CHANGED},
    ).returning(_end.id)


PUT_ENDPOINT = Statement(by_dialect(sqlite=_put(sqlite_insert), postgresql=_put(postgresql_insert)))
SWITCH = Statement(
    update(callback_endpoint)
    .where(_end.id == bindparam("of_id"))
    .values(
        off_at=bindparam("to_off_at"),
        off_reason=bindparam("to_reason"),
        failing_since=None,
        rests_until=0,
    )
)
DELETE_ENDPOINT = Statement(callback_endpoint.delete().where(_end.id == bindparam("of_id")))
DELETE_CALLS_OF = Statement(callback_call.delete().where(_call.endpoint_id == bindparam("of_id")))
DELETE_ATTEMPTS_OF = Statement(
    callback_attempt.delete().where(_attempt.endpoint_id == bindparam("of_id"))
)

INSERT_CALL = Statement(
    insert(callback_call).values(
        {c.name: bindparam(c.name) for c in callback_call.c if c.name != "id"}
    )
)
INSERT_ATTEMPT = Statement(
    insert(callback_attempt).values(
        {c.name: bindparam(c.name) for c in callback_attempt.c if c.name != "id"}
    )
)

_earlier = aliased(callback_call)
_is_head = _call.id == (
    # A scalar on purpose: as NOT EXISTS, PostgreSQL may join everything that waits with itself.
    select(_earlier.c.id)
    .where(_earlier.c.endpoint_id == _call.endpoint_id)
    .where(_earlier.c.stream == _call.stream)
    .where(_earlier.c.due_at.is_not(None))
    .order_by(_earlier.c.id)
    .limit(1)
    .correlate(callback_call)
    .scalar_subquery()
)
"""Nothing of its stream waits before it."""
_due = (
    exists()
    .where(_call.endpoint_id == _end.id)
    .where(_call.due_at <= bindparam("now"))
    .where(_is_head)
)
CLAIM = Statement(
    update(callback_endpoint)
    .where(
        _end.id.in_(
            select(_end.id)
            .where(_end.off_at.is_(None))
            .where(_end.rests_until <= bindparam("now"))
            .where(or_(_end.lease_owner.is_(None), _end.lease_ends_at <= bindparam("now")))
            .where(_due)
            .order_by(_end.rests_until, _end.id)
            .limit(bindparam("most"))
            .with_for_update(skip_locked=True)
        )
    )
    .values(lease_owner=bindparam("owner"), lease_ends_at=bindparam("until"))
    .returning(callback_endpoint)
)
EXTEND = Statement(
    update(callback_endpoint)
    .where(_end.lease_owner == bindparam("owner"))
    .where(among(_end.id, "ids"))
    .values(lease_ends_at=bindparam("until"))
)
RELEASE = Statement(
    update(callback_endpoint)
    .where(_end.id == bindparam("of_id"))
    .where(_end.lease_owner == bindparam("owner"))
    .values(lease_owner=None, lease_ends_at=0)
)
HEADS = Statement(
    select(callback_call)
    .where(_call.endpoint_id == bindparam("of_id"))
    .where(_call.due_at <= bindparam("now"))
    .where(_is_head)
    .order_by(_call.due_at, _call.id)
    .limit(bindparam("most"))
)
SETTLE_CALL = Statement(
    update(callback_call)
    .where(_call.id == bindparam("of_id"))
    .values(
        state=bindparam("to_state"),
        attempts=bindparam("to_attempts"),
        due_at=bindparam("to_due_at"),
        ended_at=bindparam("to_ended_at"),
    )
)
MARK_ENDPOINT = Statement(
    update(callback_endpoint)
    .where(_end.id == bindparam("of_id"))
    .values(failing_since=bindparam("to_failing_since"), rests_until=bindparam("to_rest"))
)
KEEP_WAITING = Statement(
    update(callback_call)
    .where(
        _call.id.in_(
            select(_call.id)
            .where(_call.endpoint_id == bindparam("of_id"))
            .where(text(WAITING))
            .order_by(_call.id)
            .limit(bindparam("most"))
        )
    )
    .values(state=bindparam("to_state"), due_at=None, ended_at=bindparam("now"))
)
REPLAY = Statement(
    update(callback_call)
    .where(
        _call.id.in_(
            select(_call.id)
            .where(_call.endpoint_id == bindparam("of_id"))
            .where(_call.created_at >= bindparam("first"))
            .where(_call.created_at < bindparam("end"))
            .where(_call.due_at.is_(None))
            .where(_call.state >= bindparam("least_state"))
            # Those of this replay may have ended meanwhile; they are not begun again.
            .where(or_(_call.since < bindparam("now"), _call.state == int(CallState.KEPT)))
            .order_by(_call.created_at)
            .limit(bindparam("most"))
        )
    )
    .values(state=0, attempts=0, due_at=bindparam("now"), since=bindparam("now"), ended_at=None)
)
REPLAY_ONE = Statement(
    update(callback_call)
    .where(_call.id == bindparam("of_call"))
    .where(_call.endpoint_id == bindparam("of_id"))
    .where(_call.due_at.is_(None))
    .values(state=0, attempts=0, due_at=bindparam("now"), since=bindparam("now"), ended_at=None)
)
WAITING_CALLS = Statement(
    select(_call.endpoint_id, func.count().label("total"))
    .where(text(WAITING))
    .group_by(_call.endpoint_id)
)
_LOGGED = select(
    _call.id,
    _call.event,
    _call.email,
    _call.created_at,
    _call.state,
    _call.attempts,
    _attempt.id.label("attempt_id"),
    _attempt.at,
    _attempt.duration_ms,
    _attempt.status,
    _attempt.response,
    _attempt.error,
).select_from(callback_attempt.join(callback_call, _call.id == _attempt.call_id))
LOG = Statement(
    _LOGGED.where(_attempt.endpoint_id == bindparam("of_id"))
    .where(_attempt.id < bindparam("before"))
    .order_by(_attempt.id.desc())
    .limit(bindparam("most"))
)
_looked = (
    select(_attempt.id)
    .where(_attempt.endpoint_id == bindparam("of_id"))
    .where(_attempt.id < bindparam("before"))
    .order_by(_attempt.id.desc())
    .limit(bindparam("looked"))
)
FAILURES = Statement(
    _LOGGED.where(_attempt.id.in_(_looked))
    .where(
        or_(_attempt.status.is_(None), _attempt.status < FIRST_TAKEN, _attempt.status > LAST_TAKEN)
    )
    .order_by(_attempt.id.desc())
    .limit(bindparam("most"))
)
"""The attempts that were not taken, among the last `looked`."""
_WAITING_FEW = (
    select(_call.id)
    .where(_call.endpoint_id == bindparam("of_id"))
    .where(text(WAITING))
    .limit(bindparam("most"))
    .subquery()
)
WAITING_OF = Statement(select(func.count().label("total")).select_from(_WAITING_FEW))
SWEEP_CALLS = Statement(
    callback_call.delete().where(
        _call.id.in_(
            select(_call.id)
            .where(_call.created_at < bindparam("before"))
            .where(_call.due_at.is_(None))
            .limit(bindparam("most"))
        )
    )
)
SWEEP_ATTEMPTS = Statement(
    callback_attempt.delete().where(
        _attempt.id.in_(
            select(_attempt.id).where(_attempt.at < bindparam("before")).limit(bindparam("most"))
        )
    )
)
