"""Many mails with their events, written at once: what a busy day leaves in the database."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from itertools import islice
from typing import Any

from sqlalchemy import Table, bindparam, insert

from tayori.db.database import Database
from tayori.db.statement import Statement
from tayori.db.tables.queue import message, recipient
from tayori.events.model import Event, EventKind
from tayori.events.store import record

AT_ONCE = 5_000


async def fill_mails(
    database: Database, numbers: Iterable[int], owner: Callable[[int], tuple[int, str]], now: int
) -> None:
    """Write delivered mails of one recipient each; `owner` tells account and sender of a number."""
    rest = iter(numbers)
    while some := list(islice(rest, AT_ONCE)):
        async with database.write() as transaction:
            for table, make in ((message, _message), (recipient, _recipient)):
                rows = [make(number, *owner(number), now) for number in some]
                await transaction.execute_many(_inserting(table, tuple(rows[0])), rows)


async def record_events(
    database: Database, events: Iterable[Event], at_once: int, batches: int | None = None
) -> int:
    """Record events in transactions of `at_once`, at most `batches`; return how many."""
    rest, total = iter(events), 0
    while (batches is None or batches > 0) and (some := list(islice(rest, at_once))):
        async with database.write() as transaction:
            await record(transaction, some)
        total += len(some)
        batches = None if batches is None else batches - 1
    return total


def event_of(number: int, account_id: int, kind: EventKind, now: int) -> Event:
    """Return an event of the mail with this number."""
    return Event(
        at=now,
        account_id=account_id,
        kind=kind,
        message_id=number,
        recipient_id=number,
        data={"reason": "250 2.0.0 Ok: queued"} if kind is EventKind.DELIVERED else {},
    )


@cache
def _inserting(table: Table, names: tuple[str, ...]) -> Statement:
    return Statement(insert(table).values({name: bindparam(name) for name in names}))


def _message(number: int, account_id: int, sender: str, now: int) -> Mapping[str, Any]:
    return {
        "id": number,
        "account_id": account_id,
        "public_id": f"qcloudses-30-1-date-20261124000000-{number:013}",
        "identity_id": 1,
        "source": "api",
        "from_address": sender,
        "subject": "Your order is on its way",
        "template_id": 7,
        "task_id": None,
        "trigger": False,
        "rfc_message_id": f"<{number}@mail.test>",
        "callback_headers": "{}",
        "accepted_at": now,
    }


def _recipient(number: int, account_id: int, _sender: str, now: int) -> Mapping[str, Any]:
    return {
        "id": number,
        "message_id": number,
        "account_id": account_id,
        "role": 0,
        "address": f"u{number}@x{number % 50}.test",
        "domain": f"x{number % 50}.test",
        "state": 3,
        "priority": 1,
        "due_at": None,
        "lease_owner": None,
        "attempts": 1,
        "accepted_at": now,
        "expires_at": now,
        "ended_at": now,
        "send_status": 0,
        "reply": "250 2.0.0 Ok",
    }
