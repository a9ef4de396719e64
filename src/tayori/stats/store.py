"""Adds counts up and answers for them. Cursor and counts move in one transaction or not at all."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from tayori.db import numbers
from tayori.db.database import Database, Row, Transaction
from tayori.db.statement import like_text
from tayori.events.feed_store import advance, position
from tayori.events.model import EventKind
from tayori.runtime.crash import Point, reach
from tayori.stats import statements
from tayori.stats.counting import COUNTED_ONCE
from tayori.stats.model import (
    Batch,
    Cell,
    Complaint,
    ComplaintsWanted,
    Fact,
    Volume,
    Wanted,
)
from tayori.tenants.billing.store import give_back

READER: Final = "stats"
"""The name of the cursor."""


class StatsStore:
    """Counts and complaints in the database. With `prepaid`, unsent mails are paid back."""

    def __init__(self, database: Database, *, prepaid: bool = False) -> None:
        self._database = database
        self._prepaid = prepaid

    async def next_batch(self, until: int, most: int) -> Batch | None:
        """Return up to `most` events behind the cursor and not beyond `until`; None without any."""
        async with self._database.read() as transaction:
            was = await position(transaction, READER)
            rows = await transaction.fetch(
                statements.FACTS, {"after": was, "until": until, "most": most}
            )
            if not rows:
                return None
            facts = tuple(map(_fact, rows))
            return Batch(
                was=was,
                becomes=facts[-1].id,
                facts=facts,
                taken=await _taken(transaction, facts),
                firsts=await _firsts(transaction, facts),
            )

    async def add(
        self,
        batch: Batch,
        counts: Mapping[Cell, Volume],
        unsent: Mapping[tuple[int, str], int],
    ) -> bool:
        """Add what a batch counted and move the cursor; False when somebody else did it.

        `unsent` are accepted mails that were dropped, by account and day: no usage after all.
        """
        rows = [cell._asdict() | volume._asdict() for cell, volume in sorted(counts.items())]
        async with self._database.write() as transaction:
            moved = await advance(transaction, READER, batch.was, batch.becomes)
            if moved:
                await transaction.execute_many(statements.ADD, rows)
                await give_back(transaction, unsent, prepaid=self._prepaid)
            reach(Point.STATS_BEFORE_COMMIT)
        reach(Point.STATS_AFTER_COMMIT)
        return moved

    async def report(self, wanted: Wanted) -> dict[str, Volume]:
        """Return the counts by day; a day of which nothing is known is left out."""
        values = {
            "account": wanted.account_id,
            "days": wanted.days,
            "of_domain": wanted.domain,
            "of_type": wanted.mailbox_type,
        }
        async with self._database.read() as transaction:
            rows = await transaction.fetch(statements.REPORT, values)
        return {row["day"]: Volume(*(row[name] for name in Volume._fields)) for row in rows}

    async def complaints(
        self, wanted: ComplaintsWanted, page: tuple[int, int]
    ) -> tuple[list[Complaint], int]:
        """Return a page (offset, limit) of complaints, oldest first, and how many there are."""
        values = _values(wanted)
        narrowed = frozenset(values) - {"account", "first", "end"}
        values |= {"skip": page[0], "most": page[1]}
        async with self._database.read() as transaction:
            rows = await transaction.fetch(statements.complaints(narrowed), values)
            total = await numbers.total(transaction, statements.count_complaints(narrowed), values)
        return [_complaint(row) for row in rows], total


async def _taken(transaction: Transaction, facts: Sequence[Fact]) -> dict[int, dict[str, int]]:
    messages = [fact.message_id for fact in facts if fact.kind is EventKind.ACCEPTED]
    found: dict[int, dict[str, int]] = {}
    if messages:
        for row in await transaction.fetch(statements.TAKEN, {"messages": messages}):
            found.setdefault(row["message_id"], {})[row["domain"]] = row["number"]
    return found


async def _firsts(
    transaction: Transaction, facts: Sequence[Fact]
) -> dict[tuple[int, EventKind], int]:
    recipients = {fact.recipient_id for fact in facts if fact.kind in COUNTED_ONCE} - {None}
    if not recipients:
        return {}
    rows = await transaction.fetch(statements.FIRSTS, {"recipients": list(recipients)})
    return {(row["recipient_id"], EventKind(row["kind"])): row["first"] for row in rows}


def _fact(row: Row) -> Fact:
    return Fact(
        id=row["id"],
        at=row["at"],
        account_id=row["account_id"],
        kind=EventKind(row["kind"]),
        message_id=row["message_id"],
        recipient_id=row["recipient_id"],
        data=msgspec.json.decode(row["data"]),
        from_address=row["from_address"] or "",
        mailbox_type=row["mailbox_type"] or "",
        sent_at=row["sent_at"],
    )


def _values(wanted: ComplaintsWanted) -> dict[str, Any]:
    """Return the parameters; only filters that are given are among them."""
    domain = like_text(wanted.from_domain.lower())
    filters = {
        "from_domain": domain and f"%@{domain}",
        "from_address": wanted.from_address.lower(),
        "mailbox_type": wanted.mailbox_type.lower(),
        "to_address": wanted.to_address.lower(),
        "template_id": wanted.template_id,
    }
    given = {name: value for name, value in filters.items() if value not in {"", None}}
    return {"account": wanted.account_id, "first": wanted.first, "end": wanted.end} | given


def _complaint(row: Row) -> Complaint:
    data = msgspec.json.decode(row["data"])
    return Complaint(
        complained_at=row["complained_at"],
        delivered_at=row["delivered_at"],
        from_address=row["from_address"],
        to_address=row["address"],
        mailbox_type=row["domain"],
        template_id=row["template_id"],
        public_id=row["public_id"],
        rfc_message_id=row["rfc_message_id"],
        subject=row["subject"],
        source_ip=str(data.get("source_ip", "")),
    )
