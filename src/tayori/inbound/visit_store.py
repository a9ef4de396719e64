"""Keeps visits until they can be judged, and turns them into events in one transaction.

Several processes may write and judge at once: who judges holds the rows it deletes.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Final

from sqlalchemy import bindparam, delete, func, insert, or_, select

from tayori.db.database import Database, Row
from tayori.db.statement import Statement, among
from tayori.db.tables.queue import recipient
from tayori.db.tables.tracking import visit
from tayori.events.model import EventKind
from tayori.events.store import record
from tayori.inbound.visits import LONGEST_MS, QUIET_MS, Namer, Visit, Visited, judge
from tayori.queue.states import State

AT_ONCE: Final = 500
"""Recipients in a transaction."""

_of = visit.c
_ADD = Statement(insert(visit).values({c.name: bindparam(c.name) for c in _of if c.name != "id"}))
_READY = Statement(
    select(_of.recipient_id)
    .group_by(_of.recipient_id)
    .having(or_(func.max(_of.at) <= bindparam("quiet"), func.min(_of.at) <= bindparam("old")))
    .limit(bindparam("most"))
)
_TAKE = Statement(
    select(visit)
    .where(among(_of.recipient_id, "recipients"))
    .order_by(_of.id)
    .with_for_update(skip_locked=True)
)
_DONE = Statement(delete(visit).where(among(_of.id, "ids")))
_VISITED = Statement(
    select(
        recipient.c.id,
        recipient.c.message_id,
        recipient.c.account_id,
        recipient.c.state,
        recipient.c.ended_at,
    ).where(among(recipient.c.id, "recipients"))
)


class VisitStore:
    """The waiting visits in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, visits: Sequence[Visit]) -> None:
        """Write visits in one transaction."""
        rows = [
            {
                "at": one.at,
                "recipient_id": one.recipient_id,
                "kind": one.kind.value,
                "link": one.link,
                "useragent": one.useragent,
                "address": one.address,
                "hint": one.hint,
            }
            for one in visits
        ]
        async with self._database.write() as transaction:
            await transaction.execute_many(_ADD, rows)

    async def settle(self, now: int, name: Namer, counted: Collection[str] = ()) -> int:
        """Make events of what is ready; return how many recipients were looked at.

        Visits of recipients that are forgotten already vanish.
        """
        ready = {"quiet": now - QUIET_MS, "old": now - LONGEST_MS, "most": AT_ONCE}
        async with self._database.read() as transaction:
            rows = await transaction.fetch(_READY, ready)
        if not rows:
            return 0
        ids = {"recipients": [row["recipient_id"] for row in rows]}
        async with self._database.write() as transaction:
            taken = await transaction.fetch(_TAKE, ids)
            visited = {row["id"]: _visited(row) for row in await transaction.fetch(_VISITED, ids)}
            events = [
                event
                for recipient_id, visits in _by_recipient(taken).items()
                if recipient_id in visited
                for event in judge(visits, visited[recipient_id], name, counted)
            ]
            await record(transaction, sorted(events, key=lambda event: event.at))
            await transaction.execute(_DONE, {"ids": [row["id"] for row in taken]})
        return len(rows)


def _by_recipient(rows: Sequence[Row]) -> dict[int, list[Visit]]:
    found: dict[int, list[Visit]] = defaultdict(list)
    for row in rows:
        found[row["recipient_id"]].append(
            Visit(
                at=row["at"],
                recipient_id=row["recipient_id"],
                kind=EventKind(row["kind"]),
                link=row["link"],
                useragent=row["useragent"],
                address=row["address"],
                hint=row["hint"],
            )
        )
    return found


def _visited(row: Row) -> Visited:
    delivered = State(row["state"]) is State.DELIVERED
    return Visited(
        recipient_id=row["id"],
        message_id=row["message_id"],
        account_id=row["account_id"],
        delivered_at=row["ended_at"] if delivered else None,
    )
