"""An account's part of the lists as people look through it: newest first, narrowed, page by page.

What operators do to all accounts' lists is in `listing_store`.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import and_, between, bindparam, delete, func

from tayori.db.database import Database, Row
from tayori.db.statement import LIKE_ESCAPE, Statement, among, like_text
from tayori.db.tables.queue import message
from tayori.db.tables.suppress import custom_blacklist, shared_blacklist, unsubscription
from tayori.db.window import Key, Window, window
from tayori.refusal.saying import Saying, recall
from tayori.suppress.model import CustomEntry
from tayori.suppress.statements import UNSUBSCRIBE
from tayori.suppress.store import EVER, custom_entry

LOOKED_AT: Final = 20_000
"""Rows of one page that are looked through when only a part of them is wanted."""
NEWEST: Final = EVER
_FEW: Final = 4

_shared, _custom, _gone = shared_blacklist.c, custom_blacklist.c, unsubscription.c


class Life(StrEnum):
    """Which entries of an own blacklist."""

    ALL = ""
    ACTIVE = "active"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowed:
    """What is looked for: a part of the address, its domain, and [first, end) of its moment.

    `life` is for own blacklists alone.
    """

    text: str = ""
    domain: str = ""
    first: int = 0
    end: int = EVER
    life: Life = Life.ALL

    def looked(self, most: int, *more: str) -> int:
        """Return how many rows to look through for a page of `most`.

        Without a filter nearly every row is wanted; only what has run out and waits to be swept is
        passed over.
        """
        narrow = any((self.text, self.domain, self.first, self.end < EVER, self.life, *more))
        return LOOKED_AT if narrow else _FEW * most


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedEntry:
    """An address that a mail of the account put on the shared blacklist.

    `mail` is the MessageId of that mail, "" when it is not known any more.
    """

    address: str
    at: int
    expires_at: int
    reason: Saying
    mail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """Somebody who wants no more mail from a sender domain; `complained` when by a complaint."""

    address: str
    domain: str
    at: int
    complained: bool


def _texts(address: Any) -> Any:
    return and_(
        address.like(bindparam("part"), escape=LIKE_ESCAPE),
        address.like(bindparam("of_domain"), escape=LIKE_ESCAPE),
    )


def _mine(of: Any, at: Any) -> Any:
    return and_(
        of.account_id == bindparam("account"), at >= bindparam("first"), at < bindparam("end")
    )


_SHARED = window(
    [
        _shared.address,
        _shared.at,
        _shared.expires_at,
        _shared.reason,
        message.c.public_id.label("mail"),
    ],
    source=shared_blacklist.outerjoin(message, message.c.id == _shared.message_id),
    key=[_shared.at, _shared.address],
    among=_mine(_shared, _shared.at),
    hit=_texts(_shared.address) & (_shared.expires_at > bindparam("now")),
    descending=True,
)
_CUSTOM = window(
    [_custom.id, _custom.address, _custom.created_at, _custom.expires_at],
    source=custom_blacklist,
    key=[_custom.id],
    among=_custom.account_id == bindparam("account"),
    hit=and_(
        _texts(_custom.address),
        _custom.created_at >= bindparam("first"),
        _custom.created_at < bindparam("end"),
        between(
            func.coalesce(_custom.expires_at, bindparam("ever")),
            bindparam("least_end"),
            bindparam("largest_end"),
        ),
    ),
    descending=True,
)
_GONE = window(
    [_gone.address, _gone.domain, _gone.at, _gone.cause],
    source=unsubscription,
    key=[_gone.at, _gone.address, _gone.domain],
    among=_mine(_gone, _gone.at),
    hit=_texts(_gone.address)
    & _gone.domain.between(bindparam("least_sender"), bindparam("largest_sender")),
    descending=True,
)
STATEMENTS: Final = {"shared": _SHARED, "custom": _CUSTOM, "gone": _GONE}
"""For the test that reads their plans."""
_RESUBSCRIBE = Statement(
    delete(unsubscription)
    .where(among(_gone.address, "addresses"))
    .where(_gone.domain == bindparam("of_domain"))
    .where(_gone.account_id == bindparam("account"))
)
FIRST_SHARED: Final[Key] = (NEWEST, "")
FIRST_CUSTOM: Final[Key] = (NEWEST,)
FIRST_GONE: Final[Key] = (NEWEST, "", "")


class ListedStore:
    """The lists of one account at a time; a page goes on behind the key that the last one gave."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def shared(
        self, account_id: int, wanted: Narrowed, now: int, after: Key = FIRST_SHARED, most: int = 50
    ) -> tuple[list[SharedEntry], Key | None]:
        """Return a page of what the account's own mail blocked, and the key of the next one."""
        values = _values(account_id, wanted) | {"now": now}
        rows, key = await self._look(_SHARED, values, after, (most, wanted.looked(most)))
        return [_shared_entry(row) for row in rows], key

    async def custom(
        self,
        account_id: int,
        wanted: Narrowed,
        now: int,
        after: Key = FIRST_CUSTOM,
        most: int = 50,
    ) -> tuple[list[CustomEntry], Key | None]:
        """Return a page of the account's own blacklist, the latest entry first."""
        ends = {Life.ALL: (0, EVER), Life.ACTIVE: (now + 1, EVER), Life.EXPIRED: (0, now)}
        least, largest = ends[wanted.life]
        values = _values(account_id, wanted)
        values |= {"ever": EVER, "least_end": least, "largest_end": largest}
        rows, key = await self._look(_CUSTOM, values, after, (most, wanted.looked(most)))
        return [custom_entry(row) for row in rows], key

    async def gone(
        self,
        account_id: int,
        wanted: Narrowed,
        sender_domain: str = "",
        after: Key = FIRST_GONE,
        most: int = 50,
    ) -> tuple[list[Gone], Key | None]:
        """Return a page of who unsubscribed from the account's sender domains, or from one."""
        values = _values(account_id, wanted)
        # No domain sorts behind this one: names are in lower case and ASCII.
        values |= {"least_sender": sender_domain, "largest_sender": sender_domain or "~"}
        looked = wanted.looked(most, sender_domain)
        rows, key = await self._look(_GONE, values, after, (most, looked))
        return [_left(row) for row in rows], key

    async def leave(self, account_id: int, domain: str, addresses: list[str], now: int) -> None:
        """Remember that people want no more mail from a sender domain of the account."""
        row = {"domain": domain, "account_id": account_id, "at": now}
        async with self._database.write() as transaction:
            await transaction.execute_many(
                UNSUBSCRIBE, [row | {"address": address} for address in addresses]
            )

    async def resubscribe(self, account_id: int, domain: str, addresses: list[str]) -> int:
        """Take unsubscriptions from a sender domain of the account back; return how many."""
        values = {"account": account_id, "of_domain": domain, "addresses": addresses}
        async with self._database.write() as transaction:
            return await transaction.execute(_RESUBSCRIBE, values)

    async def _look(
        self, statements: Window, values: dict[str, Any], after: Key, page: tuple[int, int]
    ) -> tuple[list[Row], Key | None]:
        most, looked = page
        async with self._database.read() as transaction:
            seen = await statements.look(transaction, values, after, most=most, looked=looked)
        return seen.rows, seen.after


def _values(account_id: int, wanted: Narrowed) -> dict[str, Any]:
    domain = like_text(wanted.domain.lower())
    return {
        "account": account_id,
        "first": wanted.first,
        "end": wanted.end,
        "part": f"%{like_text(wanted.text.lower())}%",
        "of_domain": f"%@{domain}" if domain else "%",
    }


def _shared_entry(row: Row) -> SharedEntry:
    return SharedEntry(
        address=row["address"],
        at=row["at"],
        expires_at=row["expires_at"],
        reason=recall(row["reason"]),
        mail=row["mail"] or "",
    )


def _left(row: Row) -> Gone:
    return Gone(
        address=row["address"],
        domain=row["domain"],
        at=row["at"],
        complained=row["cause"] is not None,
    )
