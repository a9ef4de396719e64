"""The lists as operators work with them: read in pages by key, added to and taken from in batches.

A page begins behind the key of the last row, so a list of any length is walked through in bounded
memory, and what is added meanwhile upsets nothing. Each batch is one transaction.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Select, and_, bindparam, delete, func, literal, null, or_, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from tayori.db.database import Database, Row
from tayori.db.statement import LIKE_ESCAPE, Statement, among, by_dialect, like_text
from tayori.db.tables.queue import message
from tayori.db.tables.suppress import custom_blacklist, shared_blacklist, unsubscription
from tayori.refusal.saying import NOTHING, Saying, keep, recall
from tayori.suppress.model import Blocked
from tayori.suppress.store import block

PAGE: Final = 1_000
EVERY_ACCOUNT: Final = 0
LOOKED: Final = 20_000
"""Addresses that a page looks at for those that have a part."""

_shared, _custom, _gone = shared_blacklist.c, custom_blacklist.c, unsubscription.c


class ListName(StrEnum):
    """Which list."""

    SHARED = "shared"
    """Addresses that are blocked for all accounts, for a time."""
    CUSTOM = "custom"
    """An account's own blacklist."""
    UNSUBSCRIBED = "unsubscribed"
    """Who wants no more mail from a sender domain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One row of a list; "" and None where a list does not know it.

    `domain` is the sender domain that may not write. `mail` is the MessageId of the mail that
    caused it, as long as that is known.
    """

    address: str
    account_id: int
    at: int
    expires_at: int | None = None
    reason: Saying = NOTHING
    mail: str = ""
    domain: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What is looked for: a part of the address, and whose; `now` leaves out what has run out."""

    now: int
    text: str = ""
    account_id: int = EVERY_ACCOUNT
    domain: str = ""


def _page(of: Any, *columns: Any, key: Sequence[Any], source: Any, condition: Any) -> Statement:
    after = or_(
        *(
            and_(
                *(key[place] == bindparam(f"after_{place}") for place in range(level)),
                key[level] > bindparam(f"after_{level}"),
            )
            for level in range(len(key))
        )
    )
    found: Select[Any] = (
        select(of.address, of.account_id, *columns)
        .select_from(source)
        .where(after)
        .where(or_(literal(EVERY_ACCOUNT) == bindparam("account"), _account(of)))
        .where(of.address.like(bindparam("part"), escape=LIKE_ESCAPE))
        .where(condition)
        .order_by(*key)
        .limit(bindparam("most"))
    )
    return Statement(found)


def _account(of: Any) -> Any:
    return of.account_id == bindparam("account")


_PAGES = {
    ListName.SHARED: _page(
        _shared,
        _shared.at,
        _shared.expires_at,
        _shared.reason,
        message.c.public_id.label("mail"),
        literal("").label("domain"),
        key=(_shared.address,),
        source=shared_blacklist.outerjoin(message, message.c.id == _shared.message_id),
        condition=_shared.expires_at > bindparam("now"),
    ),
    ListName.CUSTOM: _page(
        _custom,
        _custom.created_at.label("at"),
        _custom.expires_at,
        literal("").label("reason"),
        literal("").label("mail"),
        literal("").label("domain"),
        key=(_custom.address, _custom.account_id),
        source=custom_blacklist,
        condition=func.coalesce(_custom.expires_at, bindparam("ever")) > bindparam("now"),
    ),
    ListName.UNSUBSCRIBED: _page(
        _gone,
        _gone.at,
        null().label("expires_at"),
        func.coalesce(_gone.cause, "").label("reason"),
        literal("").label("mail"),
        _gone.domain,
        key=(_gone.domain, _gone.address),
        source=unsubscription,
        condition=or_(
            bindparam("of_domain") == literal(""), _gone.domain == bindparam("of_domain")
        ),
    ),
}
_KEYS = {
    ListName.SHARED: ("address",),
    ListName.CUSTOM: ("address", "account_id"),
    ListName.UNSUBSCRIBED: ("domain", "address"),
}
_FIRST: Final = {"address": "", "domain": "", "account_id": -1}


_walked = (
    select(_shared.address)
    .where(_shared.address > bindparam("after"))
    .order_by(_shared.address)
    .limit(bindparam("looked"))
)
_BLOCKED = select(
    _shared.address,
    _shared.account_id,
    _shared.at,
    _shared.expires_at,
    _shared.reason,
    message.c.public_id.label("mail"),
    literal("").label("domain"),
).select_from(shared_blacklist.outerjoin(message, message.c.id == _shared.message_id))
_LOOK = Statement(
    _BLOCKED.where(_shared.address.in_(_walked))
    .where(_shared.expires_at > bindparam("now"))
    .where(_shared.address.like(bindparam("part"), escape=LIKE_ESCAPE))
    .order_by(_shared.address)
    .limit(bindparam("most"))
)
_LOOK_END = Statement(
    select(_shared.address)
    .where(_shared.address > bindparam("after"))
    .order_by(_shared.address)
    .limit(1)
    .offset(bindparam("skipped"))
)
_EXACTLY = Statement(
    _BLOCKED.where(_shared.address == bindparam("wanted")).where(
        _shared.expires_at > bindparam("now")
    )
)


def _put(build: Any) -> Any:
    added = build(custom_blacklist).values(
        {c.name: bindparam(c.name) for c in custom_blacklist.c if c.name != "id"}
    )
    return added.on_conflict_do_update(
        index_elements=["account_id", "address"], set_={"expires_at": added.excluded.expires_at}
    )


def _leave(build: Any) -> Any:
    row: dict[str, Any] = {c.name: bindparam(c.name) for c in unsubscription.c}
    return build(unsubscription).values(row).on_conflict_do_nothing()


_PUT_CUSTOM = Statement(by_dialect(sqlite=_put(sqlite_insert), postgresql=_put(postgresql_insert)))
_LEAVE = Statement(by_dialect(sqlite=_leave(sqlite_insert), postgresql=_leave(postgresql_insert)))
_REMOVE = {
    ListName.SHARED: Statement(delete(shared_blacklist).where(among(_shared.address, "addresses"))),
    ListName.CUSTOM: Statement(
        delete(custom_blacklist)
        .where(among(_custom.address, "addresses"))
        .where(_custom.account_id == bindparam("account"))
    ),
    ListName.UNSUBSCRIBED: Statement(
        delete(unsubscription)
        .where(among(_gone.address, "addresses"))
        .where(_gone.domain == bindparam("of_domain"))
    ),
}


@dataclass(frozen=True, slots=True)
class Look:
    """A part of the shared blacklist; `next` is the address that the rest begins behind, "" none.

    Among very many addresses a rare part may be far: then there are few rows, or none, and a next.
    """

    rows: Sequence[Listed]
    next: str


async def look_at_shared(
    database: Database, text: str, now: int, *, after: str = "", most: int, looked: int = LOOKED
) -> Look:
    """Return blocked addresses that have this part, by address; only so many are looked at."""
    wanted = text.lower()
    values = {"now": now, "after": after, "most": most + 1, "looked": looked, "wanted": wanted}
    values |= {"part": f"%{like_text(wanted)}%", "skipped": looked - 1}
    async with database.read() as transaction:
        exact = await transaction.fetch(_EXACTLY, values) if "@" in wanted and not after else []
        if exact:
            return Look([_listed(row) for row in exact], "")
        rows = await transaction.fetch(_LOOK, values)
        end = await transaction.fetch_one(_LOOK_END, values)
    found = [_listed(row) for row in rows[:most]]
    if len(rows) > most:
        return Look(found, found[-1].address)
    return Look(found, str(end["address"]) if end else "")


class ListingStore:
    """One of the lists in the database."""

    def __init__(self, database: Database, name: ListName) -> None:
        self._database = database
        self._name = name

    async def pages(self, sought: Sought, most: int = PAGE) -> AsyncIterator[list[Listed]]:
        """Yield what is found, by key, `most` rows at a time."""
        key: dict[str, Any] = dict(_FIRST)
        while True:
            rows = await self._page(sought, key, most)
            if rows:
                yield [_listed(row) for row in rows]
            if len(rows) < most:
                return
            key = {name: rows[-1][name] for name in _KEYS[self._name]}

    async def add(self, rows: Sequence[Listed]) -> None:
        """Add rows; one that is there gets the new end and reason."""
        async with self._database.write() as transaction:
            if self._name is ListName.SHARED:
                await block(transaction, [_blocked(row) for row in rows])
            elif self._name is ListName.CUSTOM:
                await transaction.execute_many(_PUT_CUSTOM, [_own(row) for row in rows])
            else:
                await transaction.execute_many(_LEAVE, [_left(row) for row in rows])

    async def remove(self, addresses: Sequence[str], account_id: int, domain: str) -> int:
        """Remove addresses (of the account or of the sender domain); return how many were there."""
        values = {"addresses": list(addresses), "account": account_id, "of_domain": domain}
        async with self._database.write() as transaction:
            return await transaction.execute(_REMOVE[self._name], values)

    async def _page(self, sought: Sought, key: dict[str, Any], most: int) -> list[Row]:
        values = {
            "account": sought.account_id,
            "part": f"%{like_text(sought.text.lower())}%",
            "now": sought.now,
            "ever": 2**62,
            "of_domain": sought.domain,
            "most": most,
        }
        values |= {f"after_{n}": key[name] for n, name in enumerate(_KEYS[self._name])}
        async with self._database.read() as transaction:
            return await transaction.fetch(_PAGES[self._name], values)


def _listed(row: Row) -> Listed:
    return Listed(
        address=row["address"],
        account_id=row["account_id"],
        at=row["at"],
        expires_at=row["expires_at"],
        reason=recall(row["reason"]),
        mail=row["mail"] or "",
        domain=row["domain"],
    )


def _blocked(row: Listed) -> Blocked:
    if row.expires_at is None:
        raise ValueError("The shared blacklist blocks for a time only.")
    return Blocked(
        address=row.address,
        account_id=row.account_id,
        at=row.at,
        expires_at=row.expires_at,
        reason=keep(row.reason),
    )


def _own(row: Listed) -> dict[str, Any]:
    return {
        "account_id": row.account_id,
        "address": row.address,
        "created_at": row.at,
        "expires_at": row.expires_at,
    }


def _left(row: Listed) -> dict[str, Any]:
    return {
        "domain": row.domain,
        "address": row.address,
        "account_id": row.account_id,
        "at": row.at,
        "cause": None,
    }
