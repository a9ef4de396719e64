"""A person unsubscribes from a sender domain, whatever the way: by page, one click, or mail.

    unsubscribe(recipient_id, Way.PAGE) -> Subscriber   it holds, committed, however often said
                                        -> None         there is no such recipient (any more)

The list and the event are written in one transaction. A second request for what holds already
writes nothing. Within an hour the person can take it back (`undo`).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tayori.db.database import Database, Row, Transaction
from tayori.events.model import Event, EventKind
from tayori.events.store import record
from tayori.runtime.clock import HOUR, Clock
from tayori.suppress import statements

UNDO_MS: Final = HOUR


class Way(StrEnum):
    """How a person unsubscribed."""

    PAGE = "page"
    """By the button of the page behind the link."""
    ONE_CLICK = "one_click"
    """By the mail program's own button (RFC 8058)."""
    MAIL = "mail"
    """By a mail to the address of List-Unsubscribe (RFC 2369)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """A recipient of ours, and since when the sender domain may not write to the address."""

    recipient_id: int
    account_id: int
    message_id: int
    address: str
    domain: str
    """The sender domain."""
    gone_at: int | None
    """When the address unsubscribed; None while it has not."""


class Unsubscribes:
    """The verbs."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def find(self, recipient_id: int) -> Subscriber | None:
        """Return who it is and whether the person has unsubscribed; changes nothing."""
        async with self._database.read() as transaction:
            return await _find(transaction, recipient_id)

    async def unsubscribe(
        self, recipient_id: int, way: Way, *, useragent: str = ""
    ) -> Subscriber | None:
        """Unsubscribe the recipient's address from the sender domain of the mail it got."""
        now = self._clock.now()
        async with self._database.write() as transaction:
            found = await _find(transaction, recipient_id)
            if found is None:
                return None
            await leave(transaction, found, way, now, useragent=useragent)
            return await _find(transaction, recipient_id)

    async def undo(self, recipient_id: int) -> bool:
        """Take back what is at most an hour old; False when there is no such thing."""
        now = self._clock.now()
        async with self._database.write() as transaction:
            found = await _find(transaction, recipient_id)
            if found is None:
                return False
            values = _of(found.domain, found.address) | {"after": now - UNDO_MS}
            undone = await transaction.execute(statements.UNDO, values) > 0
            if undone:
                await record(transaction, [_event(found, EventKind.RESUBSCRIBED, now, {})])
        return undone


async def leave(
    transaction: Transaction, found: Subscriber, way: Way, now: int, *, useragent: str = ""
) -> bool:
    """Write the list and the event in the caller's transaction; False when it held already."""
    if not await transaction.execute(statements.UNSUBSCRIBE, _gone(found, now)):
        return False
    data: dict[str, str | int] = {"way": way.value}
    if useragent:
        data["useragent"] = useragent
    await record(transaction, [_event(found, EventKind.UNSUBSCRIBE, now, data)])
    return True


async def complain(transaction: Transaction, found: Subscriber, now: int) -> None:
    """Let the sender domain write no more to somebody who complained; the event is the caller's."""
    await transaction.execute(statements.COMPLAIN, _gone(found, now))


def _gone(found: Subscriber, now: int) -> dict[str, str | int]:
    return {
        "domain": found.domain,
        "address": found.address.lower(),
        "account_id": found.account_id,
        "at": now,
    }


async def _find(transaction: Transaction, recipient_id: int) -> Subscriber | None:
    row = await transaction.fetch_one(statements.SUBSCRIBERS, {"recipients": [recipient_id]})
    if row is None:
        return None
    domain = _domain(row)
    gone = await transaction.fetch_one(statements.GONE_SINCE, _of(domain, row["address"]))
    return Subscriber(
        recipient_id=row["id"],
        account_id=row["account_id"],
        message_id=row["message_id"],
        address=row["address"],
        domain=domain,
        gone_at=gone["at"] if gone else None,
    )


def _of(domain: str, address: str) -> dict[str, str]:
    return {"of_domain": domain, "of_address": address.lower()}


def _domain(row: Row) -> str:
    return str(row["from_address"]).rpartition("@")[2]


def _event(found: Subscriber, kind: EventKind, at: int, data: dict[str, str | int]) -> Event:
    return Event(
        at=at,
        account_id=found.account_id,
        kind=kind,
        message_id=found.message_id,
        recipient_id=found.recipient_id,
        data=data,
    )
