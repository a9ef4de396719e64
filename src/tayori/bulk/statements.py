"""The SQL of bulk tasks, each statement by name."""

from sqlalchemy import bindparam, func, insert, select, update

from tayori.db.statement import Statement, by_dialect
from tayori.db.tables.bulk import bulk_task

_task = bulk_task.c
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
_filtered = (
    _task.account_id.between(bindparam("least_account"), bindparam("largest_account")),
    _task.status.between(bindparam("least_status"), bindparam("largest_status")),
    _task.kind.between(bindparam("least_kind"), bindparam("largest_kind")),
    _task.list_id.between(bindparam("least_list"), bindparam("largest_list")),
)

INSERT = Statement(
    insert(bulk_task)
    .values({c.name: bindparam(c.name) for c in bulk_task.c if c.name != "id"})
    .returning(bulk_task.c.id)
)
GET = Statement(select(bulk_task).where(_task.id == bindparam("of_id")))
CLAIM = Statement(
    by_dialect(
        sqlite=_claim.where(_task.id == _next.scalar_subquery()),
        postgresql=_claim.where(
            _task.id == _next.with_for_update(skip_locked=True).scalar_subquery()
        ),
    )
)
ADVANCE = Statement(
    update(bulk_task)
    .where(_task.id == bindparam("of_id"))
    .where(_task.lease_owner == bindparam("owner"))
    .values(
        status=bindparam("to_status"),
        run=bindparam("to_run"),
        cursor=bindparam("to_cursor"),
        requested=bindparam("to_requested"),
        sent=bindparam("to_sent"),
        cached=bindparam("to_cached"),
        error=bindparam("to_error"),
        due_at=bindparam("to_due"),
        updated_at=bindparam("now"),
        lease_owner=None,
    )
)
PAGE = Statement(
    select(bulk_task)
    .where(*_filtered)
    .order_by(_task.id.desc())
    .limit(bindparam("most"))
    .offset(bindparam("skip"))
)
COUNT = Statement(select(func.count().label("total")).select_from(bulk_task).where(*_filtered))
MOVE = Statement(
    update(bulk_task)
    .where(_task.id == bindparam("of_id"))
    .where(_task.status.between(bindparam("least_status"), bindparam("largest_status")))
    .values(
        status=bindparam("to_status"),
        error=bindparam("to_error"),
        due_at=bindparam("to_due"),
        updated_at=bindparam("now"),
        # Whoever works on it at this moment finds that the task is no longer its own.
        lease_owner=None,
    )
)
