"""The SQL of reactions, each statement by name."""

from typing import Any

from sqlalchemy import bindparam, delete, insert, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from tayori.db.statement import Statement, among, by_dialect
from tayori.db.tables.bulk import bulk_task
from tayori.db.tables.queue import message, recipient
from tayori.db.tables.reactions import IN_FORCE as _CONDITION
from tayori.db.tables.reactions import reaction, reaction_count

_row = reaction.c
_count = reaction_count.c
_new: dict[str, Any] = {
    "rule": bindparam("of_rule"),
    "scope_key": bindparam("of_scope"),
    "times": "[]",
    "forget_at": bindparam("now"),
}
IN_FORCE = Statement(
    select(
        reaction,
        bulk_task.c.status.label("task_status"),
        bulk_task.c.updated_at.label("task_updated_at"),
    )
    .select_from(reaction.outerjoin(bulk_task, bulk_task.c.id == _row.task_id))
    # Word for word the condition of the index, or the whole history would be read.
    .where(text(f"reaction.{_CONDITION}"))
    .order_by(_row.id)
)
LATEST = Statement(select(reaction).order_by(_row.id.desc()).limit(bindparam("most")))
LOCK = Statement(select(reaction).where(_row.id == bindparam("of_id")).with_for_update())
LOCK_IN_FORCE = Statement(
    select(reaction)
    .where(_row.name == bindparam("of_name"))
    .where(_row.scope_key == bindparam("of_scope"))
    .where(text(_CONDITION))
    .with_for_update()
)
INSERT = Statement(
    insert(reaction)
    .values({c.name: bindparam(c.name) for c in reaction.c if c.name != "id"})
    .returning(reaction)
)
PROLONG = Statement(
    update(reaction)
    .where(_row.id == bindparam("of_id"))
    .values(
        ends_at=bindparam("to_ends_at"),
        returns=bindparam("to_returns"),
        effect=bindparam("to_effect"),
        duration_ms=bindparam("to_duration"),
        step_ms=bindparam("to_step"),
        reason=bindparam("to_reason"),
    )
)
END = Statement(
    update(reaction)
    .where(_row.id == bindparam("of_id"))
    .where(_row.ended_at.is_(None))
    .values(ended_at=bindparam("now"), ended_why=bindparam("why"))
)
FORGET = Statement(delete(reaction).where(_row.ended_at < bindparam("before")))

BEGIN_COUNT = Statement(
    by_dialect(
        sqlite=sqlite.insert(reaction_count).values(_new).on_conflict_do_nothing(),
        postgresql=postgresql.insert(reaction_count).values(_new).on_conflict_do_nothing(),
    )
)
LOCK_COUNT = Statement(
    select(reaction_count)
    .where(_count.rule == bindparam("of_rule"))
    .where(_count.scope_key == bindparam("of_scope"))
    .with_for_update()
)
KEEP_COUNT = Statement(
    update(reaction_count)
    .where(_count.rule == bindparam("of_rule"))
    .where(_count.scope_key == bindparam("of_scope"))
    .values(times=bindparam("to_times"), forget_at=bindparam("to_forget_at"))
)
FORGET_COUNTS = Statement(delete(reaction_count).where(_count.forget_at < bindparam("before")))

TASKS_OF = Statement(
    select(message.c.id, message.c.task_id)
    .where(among(message.c.id, "messages"))
    .where(message.c.task_id.is_not(None))
)
STOP_TASK = Statement(
    update(bulk_task)
    .where(bulk_task.c.id == bindparam("of_id"))
    .where(bulk_task.c.status < bindparam("stopped"))
    # Whoever works on it at this moment finds that the task is no longer its own.
    .values(
        status=bindparam("stopped"),
        error=bindparam("why"),
        due_at=None,
        lease_owner=None,
        updated_at=bindparam("now"),
    )
)
WAITING = Statement(
    select(recipient.c.id)
    .where(recipient.c.rank == bindparam("of_rank"))
    .where(recipient.c.due_at > bindparam("now"))
    .where(recipient.c.due_at <= bindparam("until"))
    .where(recipient.c.state == bindparam("queued"))
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
MAKE_DUE = Statement(
    update(recipient).where(among(recipient.c.id, "ids")).values(due_at=bindparam("now"))
)
