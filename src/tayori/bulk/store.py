"""All SQL of bulk tasks. A task is leased for one step; who lost the lease can change nothing."""

from collections.abc import Sequence

from tayori.accept import idempotency_store as idempotency
from tayori.accept.idempotency import Token
from tayori.bulk import statements
from tayori.bulk.model import AdLocation, Filters, Order, Progress, Task, TaskKind, TaskStatus
from tayori.db import numbers
from tayori.db.database import Database, Row, Transaction
from tayori.refusal.refusal import Refusal
from tayori.runtime.crash import Point, reach

_ANY = 2**62


class TaskStore:
    """Bulk tasks in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self,
        account_id: int,
        order: Order,
        listed: tuple[str, int],
        now: int,
        token: Token | None = None,
    ) -> int | Refusal:
        """Store a task that waits for its time, and return its number.

        `listed` is the name of the list and how many receivers it has. With a token the task is
        stored once; the answer is that of the first call, or a refusal when that was another one.
        """
        async with self._database.write() as transaction:
            known = await idempotency.claim(transaction, token, now) if token else None
            if known is not None:
                return _number(known)
            values = _new(account_id, order, *listed, now)
            number = await numbers.insert(transaction, statements.INSERT, values)
            if token is not None:
                await idempotency.remember(transaction, token, str(number))
            reach(Point.TASK_BEFORE_COMMIT)
        reach(Point.TASK_AFTER_COMMIT)
        return number

    async def recall(self, token: Token, now: int) -> int | Refusal | None:
        """Return the number of the task that was stored with a token; None when it is new."""
        async with self._database.read() as transaction:
            known = await idempotency.recall(transaction, token, now)
        return None if known is None else _number(known)

    async def get(self, task_id: int) -> Task | None:
        """Return a task of any account."""
        async with self._database.read() as transaction:
            row = await transaction.fetch_one(statements.GET, {"of_id": task_id})
        return _task(row) if row else None

    async def page(
        self, account_id: int | None, filters: Filters, page: tuple[int, int]
    ) -> tuple[list[Task], int]:
        """Return a page (offset, limit), newest first, and how many match; None: any account's."""
        if account_id is None:
            values = {"least_account": 0, "largest_account": _ANY}
        else:
            values = {"least_account": account_id, "largest_account": account_id}
        values |= {"skip": page[0], "most": page[1]}
        for name in ("status", "kind", "list"):
            wanted = getattr(filters, "list_id" if name == "list" else name)
            values[f"least_{name}"] = 0 if wanted is None else wanted
            values[f"largest_{name}"] = _ANY_OF[name] if wanted is None else wanted
        async with self._database.read() as transaction:
            rows = await transaction.fetch(statements.PAGE, values)
            total = await numbers.total(transaction, statements.COUNT, values)
        return [_task(row) for row in rows], total

    async def claim(self, owner: str, now: int, lease_ends_at: int) -> Task | None:
        """Lease the task that has waited longest; None when nothing is due."""
        values = {"owner": owner, "now": now, "lease_ends_at": lease_ends_at}
        async with self._database.write() as transaction:
            row = await transaction.fetch_one(statements.CLAIM, values)
        return _task(row) if row else None

    async def advance(
        self, transaction: Transaction, task_id: int, owner: str, progress: Progress, now: int
    ) -> bool:
        """Write what a step did and end its lease; False when the lease is somebody else's."""
        values = {
            "of_id": task_id,
            "owner": owner,
            "to_status": int(progress.status),
            "to_run": progress.run,
            "to_cursor": progress.cursor,
            "to_requested": progress.requested,
            "to_sent": progress.sent,
            "to_cached": progress.cached,
            "to_error": progress.error,
            "to_due": progress.due_at,
            "now": now,
        }
        return await transaction.execute(statements.ADVANCE, values) == 1

    async def save(self, task_id: int, owner: str, progress: Progress, now: int) -> bool:
        """Do as `advance` does, in a transaction of its own."""
        async with self._database.write() as transaction:
            return await self.advance(transaction, task_id, owner, progress, now)

    async def move(
        self,
        task_id: int,
        among: Sequence[TaskStatus],
        to: tuple[TaskStatus, str, int | None],
        now: int,
    ) -> bool:
        """Set status, error and due time of a task in one of the states `among` (in one row)."""
        status, error, due_at = to
        values = {
            "of_id": task_id,
            "least_status": int(min(among)),
            "largest_status": int(max(among)),
            "to_status": int(status),
            "to_error": error,
            "to_due": due_at,
            "now": now,
        }
        async with self._database.write() as transaction:
            return await transaction.execute(statements.MOVE, values) == 1


def _number(known: str | Refusal) -> int | Refusal:
    return known if isinstance(known, Refusal) else int(known)


_ANY_OF = {"status": 99, "kind": 99, "list": _ANY}


def _new(
    account_id: int, order: Order, list_name: str, requested: int, now: int
) -> dict[str, object]:
    return {
        "account_id": account_id,
        "kind": int(order.kind),
        "status": int(TaskStatus.WAITING),
        "list_id": order.list_id,
        "list_name": list_name,
        "sender": order.sender,
        "reply_to": order.reply_to,
        "subject": order.subject,
        "template_id": order.template_id,
        "template_data": order.template_data,
        "unsubscribe": order.unsubscribe,
        "ad_location": int(order.ad_location),
        "begins_at": order.begins_at,
        "interval_h": order.interval_h,
        "cycle_ended": order.cycle_ended,
        "run": 0,
        "cursor": 0,
        "requested": requested,
        "sent": 0,
        "cached": 0,
        "error": "",
        "due_at": now if order.begins_at is None else order.begins_at,
        "lease_owner": None,
        "created_at": now,
        "updated_at": now,
    }


def _task(row: Row) -> Task:
    order = Order(
        kind=TaskKind(row["kind"]),
        list_id=row["list_id"],
        sender=row["sender"],
        subject=row["subject"],
        template_id=row["template_id"],
        template_data=row["template_data"],
        reply_to=row["reply_to"],
        unsubscribe=row["unsubscribe"],
        ad_location=AdLocation(row["ad_location"]),
        begins_at=row["begins_at"],
        interval_h=row["interval_h"],
        cycle_ended=bool(row["cycle_ended"]),
    )
    return Task(
        id=row["id"],
        account_id=row["account_id"],
        order=order,
        list_name=row["list_name"],
        status=TaskStatus(row["status"]),
        run=row["run"],
        cursor=row["cursor"],
        requested=row["requested"],
        sent=row["sent"],
        cached=row["cached"],
        error=row["error"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
