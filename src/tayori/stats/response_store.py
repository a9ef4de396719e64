"""What came back, one row for each: bounces and complaints of an account, newest first."""

from dataclasses import dataclass
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, and_, bindparam, func, text

from tayori.db.database import Database, Row
from tayori.db.statement import LIKE_ESCAPE, like_text
from tayori.db.tables.events import IS_BOUNCE, IS_COMPLAINT, event
from tayori.db.tables.queue import message, recipient
from tayori.db.window import Key, Window, window
from tayori.events.model import reason_of
from tayori.refusal.saying import Saying

LOOKED_AT: Final = 5_000
"""Rows of one page that are looked through when only a part of them is wanted."""
_END: Final = 2**62
FIRST: Final[Key] = (_END, _END)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseWanted:
    """Which responses: [first, end) of their moment, and how they are narrowed; "" means all.

    `text` is a part of the recipient's address, `domain` that of the address, `sender_domain` ours.
    `bounce_class` is for bounces alone.
    """

    account_id: int
    first: int = 0
    end: int = _END
    text: str = ""
    domain: str = ""
    sender_domain: str = ""
    bounce_class: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A bounce or complaint, and the mail that it answers."""

    at: int
    address: str
    from_address: str
    subject: str
    public_id: str
    task_id: int | None
    bounce_class: str
    """"" for complaints, and where nothing is known."""
    reason: Saying
    """What the receiver's server said; "" for complaints."""


def _responses(kind: str, hit: ColumnElement[bool]) -> Window:
    joined = event.join(message, message.c.id == event.c.message_id).join(
        recipient, recipient.c.id == event.c.recipient_id
    )
    narrowed = and_(
        func.lower(recipient.c.address).like(bindparam("part"), escape=LIKE_ESCAPE),
        recipient.c.domain.like(bindparam("of_domain"), escape=LIKE_ESCAPE),
        func.lower(message.c.from_address).like(bindparam("of_sender"), escape=LIKE_ESCAPE),
    )
    return window(
        [
            event.c.at,
            event.c.id,
            event.c.data,
            recipient.c.address,
            message.c.from_address,
            message.c.subject,
            message.c.public_id,
            message.c.task_id,
        ],
        source=joined,
        key=[event.c.at, event.c.id],
        among=and_(
            text(kind),
            event.c.account_id == bindparam("account"),
            event.c.at >= bindparam("first"),
            event.c.at < bindparam("end"),
        ),
        hit=and_(narrowed, hit),
        descending=True,
    )


# Inside a text JSON escapes the quotes, so no reply of a server can look like the mark.
BOUNCES: Final = _responses(IS_BOUNCE, event.c.data.like(bindparam("of_class"), escape=LIKE_ESCAPE))
COMPLAINTS: Final = _responses(IS_COMPLAINT, event.c.data.is_not(None))


class ResponseStore:
    """Bounces and complaints in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def bounces(
        self, wanted: ResponseWanted, after: Key = FIRST, most: int = 50
    ) -> tuple[list[Response], Key | None]:
        """Return a page, and the key behind which the next one begins."""
        return await self._page(BOUNCES, wanted, after, most)

    async def complaints(
        self, wanted: ResponseWanted, after: Key = FIRST, most: int = 50
    ) -> tuple[list[Response], Key | None]:
        """Return a page, and the key behind which the next one begins."""
        return await self._page(COMPLAINTS, wanted, after, most)

    async def _page(
        self, statements: Window, wanted: ResponseWanted, after: Key, most: int
    ) -> tuple[list[Response], Key | None]:
        given = (wanted.text, wanted.domain, wanted.sender_domain, wanted.bounce_class)
        looked = LOOKED_AT if any(given) else None
        async with self._database.read() as transaction:
            seen = await statements.look(
                transaction, _values(wanted), after, most=most, looked=looked
            )
        return [_response(row) for row in seen.rows], seen.after


def _values(wanted: ResponseWanted) -> dict[str, Any]:
    sender = like_text(wanted.sender_domain.lower())
    found = like_text(wanted.bounce_class)
    return {
        "account": wanted.account_id,
        "first": wanted.first,
        "end": wanted.end,
        "part": f"%{like_text(wanted.text.lower())}%",
        "of_domain": like_text(wanted.domain.lower()) or "%",
        "of_sender": f"%@{sender}" if sender else "%",
        "of_class": f'%"class":"{found}"%' if found else "%",
    }


def _response(row: Row) -> Response:
    data = msgspec.json.decode(row["data"])
    return Response(
        at=row["at"],
        address=row["address"],
        from_address=row["from_address"],
        subject=row["subject"],
        public_id=row["public_id"],
        task_id=row["task_id"],
        bounce_class=str(data.get("class", "")),
        reason=reason_of(data),
    )
