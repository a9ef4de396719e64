"""Finds mails by what people know of them, and all that happened to one."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import bindparam, select, tuple_

from tayori.db.database import Database, Row
from tayori.db.statement import Statement
from tayori.db.tables.queue import message, recipient
from tayori.events.model import EventKind
from tayori.events.store import EventStore, reactions
from tayori.queue.operator_store import Filter, OperatorStore
from tayori.queue.states import State
from tayori.queue.story import Fate
from tayori.refusal.saying import Saying, recall

_FOUND = select(
    recipient.c.id,
    message.c.public_id,
    recipient.c.address,
    message.c.from_address,
    message.c.subject,
    recipient.c.state,
    recipient.c.reply,
    recipient.c.accepted_at,
    recipient.c.ended_at,
).select_from(recipient.join(message, message.c.id == recipient.c.message_id))
_MINE = _FOUND.where(recipient.c.account_id == bindparam("of_account"))
_NEWEST = (
    _MINE.where(
        tuple_(recipient.c.accepted_at, recipient.c.id)
        < tuple_(bindparam("before_at"), bindparam("before_id"))
    )
    .order_by(recipient.c.accepted_at.desc(), recipient.c.id.desc())
    .limit(bindparam("most"))
)
_ALL = Statement(_NEWEST)
_OF_ADDRESS = Statement(_NEWEST.where(recipient.c.address == bindparam("to_address")))
_OF_MESSAGE = Statement(
    _MINE.where(message.c.public_id == bindparam("of_public_id"))
    .where(recipient.c.id > bindparam("after_id"))
    .order_by(recipient.c.id)
    .limit(bindparam("most"))
)
STATEMENTS: Mapping[str, Statement] = {
    "all": _ALL,
    "address": _OF_ADDRESS,
    "message": _OF_MESSAGE,
}
"""For the test that reads their plans."""
NEWEST: tuple[int, int] = (2**62, 2**62)
"""The key behind which all mails come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A mail to one recipient, as a search shows it."""

    id: int
    message_id: str
    to_address: str
    from_address: str
    subject: str
    state: State
    reply: Saying
    accepted_at: int
    ended_at: int | None
    reactions: frozenset[EventKind] = frozenset()

    @property
    def key(self) -> tuple[int, int]:
        """Return what the next page of the newest begins behind."""
        return self.accepted_at, self.id


class StoryStore:
    """Searches of one account, and the fate of single messages."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._operator = OperatorStore(database)
        self._events = EventStore(database)

    async def newest(
        self, account_id: int, most: int, *, to_address: str = "", before: tuple[int, int] = NEWEST
    ) -> list[Found]:
        """Return the newest mails behind a key, of one recipient (in lower case) or of all."""
        values = {
            "of_account": account_id,
            "before_at": before[0],
            "before_id": before[1],
            "most": most,
            "to_address": to_address,
        }
        return await self._find(_OF_ADDRESS if to_address else _ALL, values)

    async def of_message(
        self, account_id: int, message_id: str, most: int, *, after: int = 0
    ) -> list[Found]:
        """Return the recipients of a message of the account behind a number, in their order."""
        values = {
            "of_account": account_id,
            "of_public_id": message_id,
            "after_id": after,
            "most": most,
        }
        return await self._find(_OF_MESSAGE, values)

    async def fate(
        self, message_id: str, *, account_id: int | None = None, address: str = ""
    ) -> Fate | None:
        """Return all that is known of a message, for one recipient or all.

        None when there is no such message, or none of the account. Recipients are empty when the
        message has none of this address.
        """
        head = await self._operator.message(message_id)
        if head is None or account_id not in (None, head.account_id):
            return None
        recipients = await self._operator.find(Filter(message_ids=(message_id,)))
        if address:
            wanted = address.casefold()
            recipients = [one for one in recipients if one.address.casefold() == wanted]
        return Fate(
            message=head,
            recipients=recipients,
            attempts=await self._operator.attempts(head.number),
            events=await self._events.of_message(head.number),
        )

    async def _find(self, statement: Statement, values: Mapping[str, object]) -> list[Found]:
        async with self._database.read() as transaction:
            rows = await transaction.fetch(statement, values)
            reacted = await reactions(transaction, [row["id"] for row in rows])
        return [_found(row, reacted.get(row["id"], frozenset())) for row in rows]


def _found(row: Row, reacted: frozenset[EventKind]) -> Found:
    return Found(
        id=row["id"],
        message_id=row["public_id"],
        to_address=row["address"],
        from_address=row["from_address"],
        subject=row["subject"],
        state=State(row["state"]),
        reply=recall(row["reply"]),
        accepted_at=row["accepted_at"],
        ended_at=row["ended_at"],
        reactions=reacted,
    )
