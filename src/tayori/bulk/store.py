"""All SQL of bulk tasks. A task is leased for one step; who lost the lease can change nothing."""

from collections.abc import Callable, Collection, Sequence

import msgspec

from tayori.accept import idempotency_store as idempotency
from tayori.accept.idempotency import Token
from tayori.bulk import statements
from tayori.bulk.aside_store import forget_aside
from tayori.bulk.first_store import forget_first
from tayori.bulk.model import (
    AdLocation,
    Cause,
    Filters,
    Order,
    Outcomes,
    Phase,
    Skip,
    Skipped,
    Task,
    TaskKind,
    TaskStatus,
)
from tayori.bulk.pacing import Rival
from tayori.db import numbers
from tayori.db.database import Database, Row, Transaction
from tayori.db.statement import like_text
from tayori.db.window import Key
from tayori.mail.address import AddressError, parse_mailbox
from tayori.refusal.refusal import Refusal
from tayori.refusal.saying import keep, recall
from tayori.runtime.crash import Point, reach

_ANY = 2**62
LOOKED_AT = 5_000
"""Tasks of one page that are looked through when only some of them are wanted."""
NEWEST_FIRST: Key = (_ANY,)
"""The key of the first page."""


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
        *,
        resends: int | None = None,
    ) -> int | Refusal:
        """Store a task that waits for its time, and return its number.

        `listed` is the name of the list and how many receivers it has. With a token the task is
        stored once; the answer is that of the first call, or a refusal when that was another one.
        """
        async with self._database.write() as transaction:
            known = await idempotency.claim(transaction, token, now) if token else None
            if known is not None:
                return _number(known)
            values = _new(account_id, order, listed, now) | {"resends": resends}
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
            values: dict[str, int | str] = {"least_account": 0, "largest_account": _ANY}
        else:
            values = {"least_account": account_id, "largest_account": account_id}
        values |= _chosen(filters) | {"skip": page[0], "most": page[1]}
        async with self._database.read() as transaction:
            rows = await transaction.fetch(statements.PAGE, values)
            total = await numbers.total(transaction, statements.COUNT, values)
        return [_task(row) for row in rows], total

    async def before(
        self, account_id: int, filters: Filters, before: Key, most: int
    ) -> tuple[list[Task], Key | None]:
        """Return the next tasks of an account behind a key, newest first, and the key to go on."""
        values = _chosen(filters) | {
            "account": account_id,
            "part": f"%{like_text(filters.text.lower())}%",
        }
        looked = None if filters == Filters() else LOOKED_AT
        async with self._database.read() as transaction:
            seen = await statements.NEWEST.look(
                transaction, values, before, most=most, looked=looked
            )
        return [_task(row) for row in seen.rows], seen.after

    async def resent_as(self, task: Task) -> int | None:
        """Return the task that writes again to the failed receivers of this one, if there is."""
        values = {"account": task.account_id, "of_id": task.id}
        async with self._database.read() as transaction:
            row = await transaction.fetch_one(statements.RESENT_AS, values)
        return int(row["id"]) if row else None

    async def claim(self, owner: str, now: int, lease_ends_at: int) -> Task | None:
        """Lease the task that has waited longest; None when nothing is due."""
        values = {"owner": owner, "now": now, "lease_ends_at": lease_ends_at}
        async with self._database.write() as transaction:
            row = await transaction.fetch_one(statements.CLAIM, values)
        return _task(row) if row else None

    async def rivals(self, task: Task, now: int) -> list[Rival]:
        """Return the other tasks of the domain that could go on now."""
        values = {"of_domain": task.domain, "now": now, "of_id": task.id}
        async with self._database.read() as transaction:
            rows = await transaction.fetch(statements.RIVALS, values)
        return [Rival(row["day_sent"] if now < row["day_ends_at"] else 0) for row in rows]

    async def advance(self, transaction: Transaction, task: Task, owner: str, now: int) -> bool:
        """Write what a step did and end its lease; False when the lease is somebody else's."""
        values = _values(task, statements.MOVED) | {"owner": owner, "now": now}
        return await transaction.execute(statements.ADVANCE, values) == 1

    async def skip(
        self, transaction: Transaction, task: Task, skips: Sequence[Skip], now: int
    ) -> None:
        """Remember whom a step passed over."""
        of_run = {"task_id": task.id, "run": task.run, "at": now}
        await transaction.execute_many(
            statements.INSERT_SKIP,
            [
                {
                    "receiver_id": one.receiver_id,
                    "address": one.address,
                    "reason": one.reason.value,
                    "detail": keep(one.detail),
                }
                | of_run
                for one in skips
            ],
        )

    async def save(self, task: Task, owner: str, now: int) -> bool:
        """Do as `advance` does, in a transaction of its own."""
        async with self._database.write() as transaction:
            return await self.advance(transaction, task, owner, now)

    async def steer(self, task_id: int, change: Callable[[Task], Task | None], now: int) -> bool:
        """Change how a task goes on, by what it is now; False when `change` returns None.

        Whoever works on the task at this moment has lost it: none of that step is committed.
        """
        async with self._database.write() as transaction:
            row = await transaction.fetch_one(statements.LOCK, {"of_id": task_id})
            after = change(_task(row)) if row else None
            if after is None:
                return False
            values = _values(after, statements.STEERED) | {"now": now}
            await transaction.execute(statements.STEER, values)
            if after.cause is Cause.CANCELLED:
                await forget_first(transaction, task_id)
                await forget_aside(transaction, task_id)
        return True


def _number(known: str | Refusal) -> int | Refusal:
    return known if isinstance(known, Refusal) else int(known)


_ANY_OF = {"status": 99, "kind": 99, "list": _ANY}


def _chosen(filters: Filters) -> dict[str, int | str]:
    values: dict[str, int | str] = {}
    for name in ("status", "kind", "list"):
        wanted = getattr(filters, "list_id" if name == "list" else name)
        values[f"least_{name}"] = 0 if wanted is None else wanted
        values[f"largest_{name}"] = _ANY_OF[name] if wanted is None else wanted
    return values


def _new(account_id: int, order: Order, listed: tuple[str, int], now: int) -> dict[str, object]:
    sender = parse_mailbox(order.sender)
    counts = ("run", "cursor", "phase", "last", "sent", "cached", "day_ends_at", "day_sent")
    return {
        "account_id": account_id,
        "kind": int(order.kind),
        "status": int(TaskStatus.WAITING),
        "list_id": order.list_id,
        "list_name": listed[0],
        "sender": order.sender,
        "domain": "" if isinstance(sender, AddressError) else sender.address.domain,
        "reply_to": order.reply_to,
        "subject": order.subject,
        "template_id": order.template_id,
        "template_data": order.template_data,
        "unsubscribe": order.unsubscribe,
        "ad_location": int(order.ad_location),
        "begins_at": order.begins_at,
        "interval_h": order.interval_h,
        "cycle_ended": order.cycle_ended,
        "ends_at": order.ends_at,
        "requested": listed[1],
        **dict.fromkeys((*counts, *Skipped._fields), 0),
        **dict.fromkeys(("error", "cause", "baseline", "aside"), ""),
        "due_at": now if order.begins_at is None else order.begins_at,
        "lease_owner": None,
        "created_at": now,
        "updated_at": now,
    }


def _values(task: Task, columns: Collection[str]) -> dict[str, object]:
    """Return the columns of a task as the statements name them."""
    values: dict[str, object] = {
        "status": int(task.status),
        "cause": task.cause.value,
        "error": keep(task.error),
        "phase": int(task.phase),
        "baseline": msgspec.json.encode(task.baseline).decode(),
        "aside": msgspec.json.encode(task.aside).decode() if task.aside else "",
        **task.skipped._asdict(),
    }
    found = {name: values[name] if name in values else getattr(task, name) for name in columns}
    return {f"to_{name}": value for name, value in found.items()} | {"of_id": task.id}


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
        ends_at=row["ends_at"],
    )
    baseline = row["baseline"]
    same = (
        *("id", "account_id", "list_name", "domain", "run", "cursor", "last", "requested"),
        *("sent", "cached", "day_ends_at", "day_sent", "due_at", "resends"),
        *("created_at", "updated_at"),
    )
    return Task(
        order=order,
        status=TaskStatus(row["status"]),
        phase=Phase(row["phase"]),
        cause=Cause(row["cause"]),
        error=recall(row["error"]),
        skipped=Skipped(*(row[name] for name in Skipped._fields)),
        baseline=msgspec.json.decode(baseline, type=Outcomes) if baseline else Outcomes(),
        aside=msgspec.json.decode(row["aside"], type=dict[str, int]) if row["aside"] else {},
        **{name: row[name] for name in same},
    )
