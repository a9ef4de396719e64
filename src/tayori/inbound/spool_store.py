"""Keeps inbound mail from before the yes until it is understood.

A lease is a deadline in `due_at`: what a dead process held becomes due by itself. A mail is done
with in the transaction of what it means, so a crash leaves both or neither.
"""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from tayori.db.database import Database, Row, Transaction
from tayori.db.group import GroupCommit
from tayori.inbound import statements
from tayori.inbound.spool import (
    DELAYS,
    LEASE_MS,
    Disposition,
    Entry,
    NewMail,
    SpooledMail,
    SpoolState,
)
from tayori.runtime.crash import Point, reach

_AT_ONCE: Final = 20
_OCTETS_AT_ONCE: Final = 32 * 1024 * 1024
_SWEPT_AT_ONCE: Final = 500
_LONGEST: Final = 500


class Spool:
    """The mails; `announce` wakes whoever understands them."""

    def __init__(self, database: Database, announce: Callable[[], None] = lambda: None) -> None:
        self._database = database
        self._announce = announce
        self._group: GroupCommit[NewMail, None] = GroupCommit(self._add, largest=50)

    async def put(self, mail: NewMail) -> None:
        """Return once the mail is on disk; callers that come together share a transaction."""
        await self._group.put(mail)

    async def drain(self) -> None:
        """Return when everything put so far is committed."""
        await self._group.drain()

    async def _add(self, mails: Sequence[NewMail]) -> list[None]:
        async with self._database.write() as transaction:
            await transaction.execute_many(statements.ADD, [_new(mail) for mail in mails])
            reach(Point.SPOOL_BEFORE_COMMIT)
        reach(Point.SPOOL_AFTER_COMMIT)
        self._announce()
        return [None] * len(mails)

    async def claim(self, owner: str, now: int) -> list[SpooledMail]:
        """Lease some of what is due, longest due first."""
        async with self._database.write() as transaction:
            due = await transaction.fetch(statements.DUE, {"now": now, "most": _AT_ONCE})
            ids = _fitting(due)
            if not ids:
                return []
            lease = {"ids": ids, "owner": owner, "until": now + LEASE_MS}
            await transaction.execute(statements.LEASE, lease)
            rows = await transaction.fetch(statements.LEASED, {"ids": ids})
        return [_spooled(row) for row in rows]

    async def put_off(self, owner: str, mail: SpooledMail, now: int) -> None:
        """Let a mail that met a fault of ours wait for its next attempt."""
        delay = DELAYS[min(mail.attempts, len(DELAYS)) - 1]
        values = {"of_id": mail.id, "owner": owner, "to_due_at": now + delay}
        async with self._database.write() as transaction:
            await transaction.execute(statements.RETRY, values)

    async def entries(self, most: int, state: SpoolState | None = None) -> list[Entry]:
        """Return the newest mails, without their content."""
        statement = statements.LIST if state is None else statements.LIST_STATE
        values = {"most": most, "of_state": int(state or 0)}
        async with self._database.read() as transaction:
            rows = await transaction.fetch(statement, values)
        return [_entry(row, None) for row in rows]

    async def entry(self, number: int) -> Entry | None:
        """Return one mail with its content, which is None once nobody needs it."""
        async with self._database.read() as transaction:
            row = await transaction.fetch_one(statements.SHOW, {"of_id": number})
        if row is None:
            return None
        return _entry(row, None if row["content"] is None else bytes(row["content"]))

    async def totals(self) -> dict[tuple[SpoolState, str], int]:
        """Return how many mails there are by state and kind."""
        async with self._database.read() as transaction:
            rows = await transaction.fetch(statements.COUNT)
        return {(SpoolState(row["state"]), row["kind"]): row["total"] for row in rows}

    async def sweep(self, before: int) -> None:
        """Forget what came before a time and is done with."""
        swept = _SWEPT_AT_ONCE
        while swept == _SWEPT_AT_ONCE:
            async with self._database.write() as transaction:
                values = {"before": before, "most": _SWEPT_AT_ONCE}
                swept = await transaction.execute(statements.SWEEP, values)


async def held(transaction: Transaction, owner: str, ids: Sequence[int]) -> set[int]:
    """Return which of the mails `owner` still holds; they are locked until the commit."""
    rows = await transaction.fetch(statements.HELD, {"ids": list(ids), "owner": owner})
    return {row["id"] for row in rows}


async def finish(transaction: Transaction, done: Sequence[tuple[int, Disposition]]) -> None:
    """Be done with mails in the caller's transaction; the content of those not kept is erased."""
    await transaction.execute_many(
        statements.FINISH,
        [
            {
                "of_id": number,
                "to_state": int(SpoolState.KEPT if item.keep else SpoolState.DONE),
                "to_kind": item.kind,
                "to_note": item.note[:_LONGEST],
                "to_from": item.header_from[:_LONGEST],
                "to_subject": item.subject[:_LONGEST],
                "to_authentication": item.authentication,
            }
            for number, item in done
        ],
    )
    erased = [number for number, item in done if not item.keep]
    if erased:
        await transaction.execute(statements.ERASE, {"ids": erased})


def _fitting(due: Sequence[Row]) -> list[int]:
    """Return the first mails that fit into memory together, one at least."""
    ids: list[int] = []
    octets = 0
    for row in due:
        octets += row["size"]
        if ids and octets > _OCTETS_AT_ONCE:
            break
        ids.append(row["id"])
    return ids


def _new(mail: NewMail) -> dict[str, object]:
    return {
        "received_at": mail.received_at,
        "client": mail.client,
        "helo": "".join(char if char.isprintable() else "?" for char in mail.helo[:_LONGEST]),
        "tls": mail.tls,
        "mail_from": mail.mail_from,
        "recipients": msgspec.json.encode(mail.recipients).decode(),
        "size": len(mail.content),
        "content": mail.content,
    }


def _spooled(row: Row) -> SpooledMail:
    return SpooledMail(
        id=row["id"],
        attempts=row["attempts"],
        received_at=row["received_at"],
        client=row["client"],
        helo=row["helo"],
        tls=row["tls"],
        mail_from=row["mail_from"],
        recipients=msgspec.json.decode(row["recipients"], type=tuple[str, ...]),
        content=bytes(row["content"]),
    )


def _entry(row: Row, content: bytes | None) -> Entry:
    return Entry(
        id=row["id"],
        received_at=row["received_at"],
        client=row["client"],
        helo=row["helo"],
        tls=row["tls"],
        mail_from=row["mail_from"],
        recipients=msgspec.json.decode(row["recipients"], type=tuple[str, ...]),
        size=row["size"],
        state=SpoolState(row["state"]),
        attempts=row["attempts"],
        kind=row["kind"],
        note=row["note"],
        header_from=row["header_from"],
        subject=row["subject"],
        authentication=row["authentication"],
        content=content,
    )
