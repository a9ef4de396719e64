"""All SQL of receiver lists. An upload is accepted in one transaction: all of it, or nothing.

What is too much to be stored while somebody waits is kept in parts, which `UploadStore` takes up.
"""

from collections.abc import Iterable, Sequence

import msgspec

from tayori.catalog import receiver_statements as statements
from tayori.catalog.file_removal_store import forget_files_of
from tayori.catalog.receiver_model import (
    ListStatus,
    Receiver,
    ReceiverList,
    ReceiverPage,
    Row,
    Search,
)
from tayori.catalog.upload_store import AT_ONCE, insert_rows, keep_parts
from tayori.db import numbers
from tayori.db.database import Database, IntegrityError, Transaction
from tayori.db.database import Row as Stored
from tayori.db.statement import like_text
from tayori.db.window import Key
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import recall, say

LOOKED_AT = 20_000
"""Receivers of one page that are looked through when only some of them are wanted."""
FIRST: Key = (0,)
"""The key of the first page of a list."""


class ReceiverStore:
    """Receiver lists in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_list(
        self, account_id: int, name: str, description: str, now: int, most: int
    ) -> int | Refusal:
        """Store an empty list and return its number; `most` lists an account, 0 = any number."""
        values = {
            "account_id": account_id,
            "name": name,
            "description": description,
            "status": int(ListStatus.EMPTY),
            "total": 0,
            "invalid": 0,
            "variables": "",
            "created_at": now,
        }
        try:
            async with self._database.write() as transaction:
                held = await numbers.total(
                    transaction, statements.COUNT_LISTS, {"account": account_id}
                )
                if most and held >= most:
                    return refuse(Code.LIMIT_EXCEEDED__EXCEED_RECEIVER_LIMIT, limit=most)
                return await numbers.insert(transaction, statements.INSERT_LIST, values)
        except IntegrityError:
            return refuse(Code.INVALID_PARAMETER_VALUE__REPEAT_RECEIVER_NAME)

    async def get(self, account_id: int, list_id: int) -> ReceiverList | None:
        """Return one list of the account."""
        values = {"account": account_id, "of_id": list_id}
        async with self._database.read() as transaction:
            row = await transaction.fetch_one(statements.GET_LIST, values)
        return to_list(row) if row else None

    async def page(
        self,
        account_id: int,
        page: tuple[int, int],
        status: int | None,
        keyword: str,
        order: str = "-created",
    ) -> tuple[list[ReceiverList], int]:
        """Return a page (offset, limit) in an order of `PAGE_OF_LISTS`, and how many match."""
        values = {
            "account": account_id,
            "least": status if status is not None else 0,
            "largest": status if status is not None else 99,
            "pattern": _pattern(keyword),
            "skip": page[0],
            "most": page[1],
        }
        async with self._database.read() as transaction:
            rows = await transaction.fetch(statements.PAGE_OF_LISTS[order], values)
            total = await numbers.total(transaction, statements.COUNT_FILTERED_LISTS, values)
        return [to_list(row) for row in rows], total

    async def delete(self, account_id: int, list_id: int) -> bool:
        """Delete a list with its receivers; False when the account has no such list."""
        values = {"account": account_id, "of_id": list_id}
        async with self._database.write() as transaction:
            if not await transaction.execute(statements.DELETE_LIST, values):
                return False
            await transaction.execute(statements.DELETE_RECEIVERS, values)
            await transaction.execute(statements.DELETE_UPLOADS, values)
            await forget_files_of(transaction, list_id)
        return True

    async def add(
        self,
        account_id: int,
        list_id: int,
        rows: Sequence[Row],
        variables: tuple[str, ...] | None,
        now: int,
        *,
        most: int,
    ) -> Refusal | None:
        """Take an upload's rows; `variables` are the names in their data, None without data.

        A list has at most `most` receivers, 0 = any number. A large upload leaves it in the state
        UPLOADING until its parts are stored.
        """
        async with self._database.write() as transaction:
            values = {"account": account_id, "of_id": list_id}
            row = await transaction.fetch_one(statements.LOCK_LIST, values)
            if row is None:
                return refuse(Code.OPERATION_DENIED__RECEIVER_NOT_EXIST)
            held = to_list(row)
            refused = _fits(held, len(rows), variables, most)
            if refused is not None:
                return refused
            if len(rows) > AT_ONCE:
                await keep_parts(transaction, list_id, rows, now)
                status = ListStatus.UPLOADING
            else:
                await insert_rows(transaction, list_id, rows, now)
                status = ListStatus.UPLOADED
            await _count_in(transaction, held, rows, variables, status)
        return None

    async def search(self, list_id: int, search: Search, page: tuple[int, int]) -> ReceiverPage:
        """Return the receivers that match, in the order of upload; `page` is (offset, limit)."""
        values = {
            "of_list": list_id,
            "first": search.first_at,
            "end": search.end_at,
            "pattern": _pattern(search.text),
            "skip": page[0],
            "most": page[1],
        }
        async with self._database.read() as transaction:
            rows = await transaction.fetch(statements.PAGE_OF_RECEIVERS[search.valid], values)
            counts = await transaction.fetch(statements.COUNT_RECEIVERS, values)
        by_validity = {bool(row["valid"]): int(row["total"]) for row in counts}
        return ReceiverPage(
            receivers=tuple(map(_receiver, rows)),
            valid=by_validity.get(True, 0),
            invalid=by_validity.get(False, 0),
        )

    async def look(
        self, list_id: int, search: Search, after: Key, most: int
    ) -> tuple[list[Receiver], Key | None]:
        """Return the next receivers behind a key that match, and the key to look on behind."""
        kinds = [True, False] if search.valid is None else [search.valid]
        values = {"of_list": list_id, "pattern": _pattern(search.text), "kinds": kinds}
        looked = LOOKED_AT if search.text or search.valid is not None else None
        async with self._database.read() as transaction:
            seen = await statements.LOOK.look(transaction, values, after, most=most, looked=looked)
        return [_receiver(row) for row in seen.rows], seen.after

    async def at_address(self, list_id: int, address: str) -> list[Receiver]:
        """Return the receivers of an address, as it was given and in lower case."""
        values = {"of_list": list_id, "addresses": sorted({address, address.lower()})}
        async with self._database.read() as transaction:
            rows = await transaction.fetch(statements.AT_ADDRESS, values)
        return sorted(map(_receiver, rows), key=lambda one: one.id)

    async def remove(self, account_id: int, list_id: int, receiver_id: int) -> str | None:
        """Remove one receiver from a list of the account; return the address, None without one."""
        async with self._database.write() as transaction:
            values = {"account": account_id, "of_id": list_id}
            if await transaction.fetch_one(statements.LOCK_LIST, values) is None:
                return None
            wanted = {"of_list": list_id, "of_receiver": receiver_id}
            gone = await transaction.fetch_one(statements.REMOVE, wanted)
            if gone is None:
                return None
            fewer = {"of_id": list_id, "fewer": 1, "fewer_invalid": 0 if gone["valid"] else 1}
            await transaction.execute(statements.TAKE_FROM_LIST, fewer)
        return str(gone["address"])

    async def after(self, list_id: int, cursor: int, last: int, most: int) -> list[Receiver]:
        """Return the next valid receivers behind number `cursor` and not beyond `last`."""
        values = {"of_list": list_id, "cursor": cursor, "last": last, "most": most}
        async with self._database.read() as transaction:
            return [_receiver(row) for row in await transaction.fetch(statements.AFTER, values)]

    async def bounds(self, list_id: int) -> tuple[int, int]:
        """Return how many valid receivers a list has, and the number of the last."""
        async with self._database.read() as transaction:
            row = await transaction.fetch_one(statements.BOUNDS, {"of_list": list_id})
        return (int(row["total"]), int(row["last"])) if row else (0, 0)

    async def by_address(self, list_id: int, addresses: Iterable[str]) -> list[tuple[int, Row]]:
        """Return the valid receivers with one of these addresses by number, the lowest first."""
        values = {"of_list": list_id, "addresses": sorted(addresses)}
        async with self._database.read() as transaction:
            rows = await transaction.fetch(statements.BY_ADDRESS, values)
        found = [(row["id"], Row(row["address"], row["data"])) for row in rows]
        return sorted(found, key=lambda one: one[0])


def _fits(
    held: ReceiverList, more: int, variables: tuple[str, ...] | None, most: int
) -> Refusal | None:
    if held.status is ListStatus.UPLOADING:
        return refuse(Code.OPERATION_DENIED__RECEIVER_IS_OPERATING)
    if most and held.total + more > most:
        return refuse(Code.LIMIT_EXCEEDED__RECEIVER_DETAIL_COUNT_LIMIT, limit=most)
    if variables is None or held.variables is None or variables == held.variables:
        return None
    return refuse(
        Code.INVALID_PARAMETER_VALUE__TEMPLATE_DATA_INCONSISTENT,
        say(
            "The list has the variables {held}; this upload has {given}.",
            held=", ".join(held.variables) or say("(none)"),
            given=", ".join(variables) or say("(none)"),
        ),
    )


async def _count_in(
    transaction: Transaction,
    held: ReceiverList,
    rows: Sequence[Row],
    variables: tuple[str, ...] | None,
    status: ListStatus,
) -> None:
    names = held.variables if variables is None else variables
    change = {
        "of_id": held.id,
        "to_status": int(status),
        "more": len(rows),
        "more_invalid": sum(1 for row in rows if not row.valid),
        "names": "" if names is None else msgspec.json.encode(names).decode(),
    }
    await transaction.execute(statements.ADD_TO_LIST, change)


def _pattern(text: str) -> str:
    """Return the LIKE pattern of a text that may stand anywhere."""
    return f"%{like_text(text.lower())}%"


def to_list(row: Stored) -> ReceiverList:
    """Return the list that a row holds."""
    names = row["variables"]
    return ReceiverList(
        id=row["id"],
        name=row["name"],
        description=row["description"],
        status=ListStatus(row["status"]),
        total=row["total"],
        invalid=row["invalid"],
        variables=tuple(msgspec.json.decode(names)) if names else None,
        created_at=row["created_at"],
    )


def _receiver(row: Stored) -> Receiver:
    return Receiver(
        id=row["id"],
        address=row["address"],
        data=row["data"],
        valid=bool(row["valid"]),
        reason=recall(row["reason"]),
        created_at=row["created_at"],
    )
