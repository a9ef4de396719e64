"""Adds counts up and answers for them. Cursor and counts move in one transaction or not at all."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from tayori.db import numbers
from tayori.db.database import Database, Row, Transaction
from tayori.db.statement import like_text
from tayori.events.feed_store import advance, position
from tayori.events.model import ATTEMPT, PROVIDER, EventKind
from tayori.runtime.crash import Point, reach
from tayori.stats import statements
from tayori.stats.counting import COUNTED_ONCE
from tayori.stats.model import (
    Batch,
    Complaint,
    ComplaintsWanted,
    Counts,
    Fact,
    KeysWanted,
    Volume,
    Wanted,
)
from tayori.tenants.billing.store import give_back

_REACTIONS: Final = frozenset(
    {EventKind.OPEN, EventKind.CLICK, EventKind.SPAMREPORT, EventKind.UNSUBSCRIBE}
)
READER: Final = "stats"
"""The name of the cursor."""


class StatsStore:
    """Counts and complaints in the database. With `prepaid`, unsent mails are paid back.

    What goes to the domain `simulator` counts nowhere.
    """

    def __init__(self, database: Database, *, prepaid: bool = False, simulator: str = "") -> None:
        self._simulator = simulator
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
            tried = await _providers(transaction, rows)
            facts = tuple(
                _fact(row, tried)
                for row in rows
                if not self._simulator or row["mailbox_type"] != self._simulator
            )
            return Batch(
                was=was,
                becomes=rows[-1]["id"],
                facts=facts,
                taken=await _taken(transaction, facts, self._simulator),
                firsts=await _firsts(transaction, facts),
            )

    async def add(self, batch: Batch, counts: Counts) -> bool:
        """Add what a batch counted and move the cursor; False when somebody else did it."""
        rows = [cell._asdict() | one._asdict() for cell, one in sorted(counts.cells.items())]
        keyed = [cell._asdict() | one._asdict() for cell, one in sorted(counts.keys.items())]
        async with self._database.write() as transaction:
            moved = await advance(transaction, READER, batch.was, batch.becomes)
            if moved:
                await transaction.execute_many(statements.ADD, rows)
                await transaction.execute_many(statements.ADD_KEYED, keyed)
                await give_back(transaction, counts.unsent, prepaid=self._prepaid)
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
        return {row["day"]: _volume(row) for row in rows}

    async def by_key(self, wanted: KeysWanted) -> dict[str, Volume]:
        """Return the sums over the days by key; a key of which nothing is known is left out."""
        values = _keys_wanted(wanted)
        statement = statements.BY_KEY if wanted.key is None else statements.BY_KEY_OF_ONE
        async with self._database.read() as transaction:
            rows = await transaction.fetch(statement, values)
        return {row["key"]: _volume(row) for row in rows}

    async def by_mailbox_type(self, account_id: int, days: Sequence[str]) -> dict[str, Volume]:
        """Return the sums over the days by the recipients' domain."""
        values = {"account": account_id, "days": days}
        async with self._database.read() as transaction:
            rows = await transaction.fetch(statements.BY_MAILBOX_TYPE, values)
        return {row["key"]: _volume(row) for row in rows}

    async def by_day(self, wanted: KeysWanted) -> dict[str, Volume]:
        """Return the counts of one key by day; a day of which nothing is known is left out."""
        async with self._database.read() as transaction:
            rows = await transaction.fetch(statements.BY_DAY_OF_ONE, _keys_wanted(wanted))
        return {row["day"]: _volume(row) for row in rows}

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


async def _taken(
    transaction: Transaction, facts: Sequence[Fact], simulator: str
) -> dict[int, dict[str, int]]:
    messages = [fact.message_id for fact in facts if fact.kind is EventKind.ACCEPTED]
    found: dict[int, dict[str, int]] = {}
    if messages:
        for row in await transaction.fetch(statements.TAKEN, {"messages": messages}):
            if not simulator or row["domain"] != simulator:
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


async def _providers(transaction: Transaction, rows: Sequence[Row]) -> dict[int, str]:
    """Return who delivered to the recipients that reacted, by number."""
    reacted = {row["message_id"] for row in rows if row["kind"] in _REACTIONS} - {None}
    if not reacted:
        return {}
    found = await transaction.fetch(statements.DELIVERED, {"messages": sorted(reacted)})
    return {
        row["recipient_id"]: str(msgspec.json.decode(row["data"]).get(PROVIDER, ""))
        for row in found
    }


def _provider(
    kind: EventKind, row: Row, data: Mapping[str, Any], tried: Mapping[int, str]
) -> str | None:
    if kind in _REACTIONS:
        return tried.get(row["recipient_id"])
    return str(data.get(PROVIDER, "")) if ATTEMPT in data else None


def _volume(row: Row) -> Volume:
    return Volume(*(int(row[name]) for name in Volume._fields))


def _keys_wanted(wanted: KeysWanted) -> dict[str, Any]:
    return {
        "account": wanted.account_id,
        "of_kind": wanted.kind.value,
        "days": wanted.days,
        "of_key": wanted.key,
    }


def _fact(row: Row, tried: Mapping[int, str]) -> Fact:
    kind, data = EventKind(row["kind"]), msgspec.json.decode(row["data"])
    return Fact(
        id=row["id"],
        at=row["at"],
        account_id=row["account_id"],
        kind=kind,
        message_id=row["message_id"],
        recipient_id=row["recipient_id"],
        data=data,
        from_address=row["from_address"] or "",
        mailbox_type=row["mailbox_type"] or "",
        sent_at=row["sent_at"],
        template_id=row["template_id"],
        task_id=row["task_id"],
        provider=_provider(kind, row, data, tried),
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
