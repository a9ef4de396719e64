"""Takes messages into the queue; only the door may import this module.

`take` runs inside the door's transaction, so a message, its recipients and the event that tells of
them are committed together or not at all.
"""

from collections.abc import Sequence as Many

import msgspec

from tayori.db.database import Database, Transaction
from tayori.db.sequence import Sequence
from tayori.events.model import AT_DOOR, Event, EventKind
from tayori.events.store import record
from tayori.queue import statements
from tayori.queue.model import NewMessage, NewRecipient, Priority
from tayori.queue.states import State
from tayori.refusal.saying import keep


class Intake:
    """Numbers and inserts new messages."""

    def __init__(self, database: Database) -> None:
        self._message_numbers = Sequence(database, "message")
        self._recipient_numbers = Sequence(database, "recipient")

    async def number(self, messages: Many[NewMessage]) -> tuple[range, range]:
        """Return numbers for the messages and for all their recipients, in order.

        Numbers are taken before the door's transaction begins, since a block of them is a
        transaction of its own.
        """
        recipients = sum(len(item.recipients) for item in messages)
        return (
            await self._message_numbers.take(len(messages)),
            await self._recipient_numbers.take(recipients),
        )

    async def take(
        self, transaction: Transaction, messages: Many[NewMessage], numbers: tuple[range, range]
    ) -> None:
        """Insert the messages under their numbers and record their acceptance."""
        recipient_numbers = iter(numbers[1])
        message_rows, contents, recipient_rows = [], [], []
        events: list[Event] = []
        for number, item in zip(numbers[0], messages, strict=True):
            message_rows.append(_message(number, item))
            if any(not recipient.dropped_status for recipient in item.recipients):
                contents.append({"message_id": number, "recipe": item.recipe})
            events.append(_accepted(number, item))
            for recipient in item.recipients:
                recipient_number = next(recipient_numbers)
                recipient_rows.append(_recipient(recipient_number, number, item, recipient))
                if recipient.dropped_status:
                    events.append(_dropped(recipient_number, number, item, recipient))
        await transaction.execute_many(statements.INSERT_MESSAGE, message_rows)
        await transaction.execute_many(statements.INSERT_CONTENT, contents)
        await transaction.execute_many(statements.INSERT_RECIPIENT, recipient_rows)
        await record(transaction, events)


def _message(number: int, item: NewMessage) -> dict[str, object]:
    return {
        "id": number,
        "account_id": item.account_id,
        "public_id": item.public_id,
        "identity_id": item.identity_id,
        "source": item.source,
        "from_address": item.from_address,
        "subject": item.subject,
        "template_id": item.template_id,
        "task_id": item.task_id,
        "trigger": item.priority is Priority.TRIGGER,
        "rfc_message_id": item.rfc_message_id,
        "callback_headers": msgspec.json.encode(item.callback_headers).decode(),
        "accepted_at": item.accepted_at,
    }


def _recipient(
    number: int, message_number: int, item: NewMessage, recipient: NewRecipient
) -> dict[str, object]:
    dropped = bool(recipient.dropped_status)
    return {
        "id": number,
        "message_id": message_number,
        "account_id": item.account_id,
        "role": int(recipient.role),
        "address": recipient.address,
        "domain": recipient.domain,
        "state": int(State.DROPPED if dropped else State.QUEUED),
        "priority": int(item.priority),
        "rank": int(item.priority),
        "flow": (item.task_id or 0) if item.priority is Priority.BULK else 0,
        "due_at": None if dropped else item.accepted_at,
        "lease_owner": None,
        "attempts": 0,
        "accepted_at": item.accepted_at,
        "expires_at": item.expires_at,
        "ended_at": item.accepted_at if dropped else None,
        "send_status": recipient.dropped_status,
        "reply": keep(recipient.dropped_reason) if dropped else "",
    }


def _accepted(number: int, item: NewMessage) -> Event:
    return Event(
        at=item.accepted_at,
        account_id=item.account_id,
        kind=EventKind.ACCEPTED,
        message_id=number,
        data={"recipients": len(item.recipients)},
    )


def _dropped(
    recipient_number: int, number: int, item: NewMessage, recipient: NewRecipient
) -> Event:
    return Event(
        at=item.accepted_at,
        account_id=item.account_id,
        kind=EventKind.DROPPED,
        message_id=number,
        recipient_id=recipient_number,
        data={"reason": keep(recipient.dropped_reason), AT_DOOR: 1},
    )
