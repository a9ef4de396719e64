"""Large uploads to receiver lists: kept in parts when they are accepted, stored part by part later.

A part becomes receivers and disappears in one transaction, so a crash neither loses nor repeats a
line. Parts of a list are stored in the order in which they were given.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from tayori.catalog import receiver_statements as statements
from tayori.catalog.receiver_model import ListStatus, Row
from tayori.db import numbers
from tayori.db.database import Database, Transaction
from tayori.refusal.saying import keep, recall
from tayori.runtime.crash import Point, reach

AT_ONCE: Final = 1_000
"""Rows that an upload stores before it is answered; also the size of a part of a larger one."""

_DECODER: Final = msgspec.msgpack.Decoder(list[tuple[str, str, str]])


class UploadStore:
    """The parts of uploads that wait."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def store_part(self) -> bool:
        """Make receivers of the part that has waited longest; False when none waits."""
        async with self._database.write() as transaction:
            oldest = await transaction.fetch_one(statements.OLDEST_UPLOAD, {})
            if oldest is None:
                return False
            of_list = {"of_id": oldest["list_id"]}
            # Whoever has the list's lock stores its next part, so parts stay in order.
            await transaction.fetch_one(statements.LOCK_ANY_LIST, of_list)
            part = await transaction.fetch_one(statements.NEXT_OF_LIST, of_list)
            if part is None:
                return True
            rows = [
                Row(address, data, recall(reason))
                for address, data, reason in _DECODER.decode(bytes(part["lines"]))
            ]
            await insert_rows(transaction, part["list_id"], rows, part["created_at"])
            await transaction.execute(statements.DELETE_UPLOAD, {"upload": part["id"]})
            if not await numbers.total(transaction, statements.COUNT_UPLOADS, of_list):
                done = of_list | {"to_status": int(ListStatus.UPLOADED)}
                await transaction.execute(statements.SET_STATUS, done)
            reach(Point.UPLOAD_BEFORE_COMMIT)
        reach(Point.UPLOAD_AFTER_COMMIT)
        return True


async def keep_parts(transaction: Transaction, list_id: int, rows: Sequence[Row], now: int) -> None:
    """Keep rows for later, in parts."""
    parts = [
        [(row.address, row.data, keep(row.reason)) for row in rows[start : start + AT_ONCE]]
        for start in range(0, len(rows), AT_ONCE)
    ]
    await transaction.execute_many(
        statements.INSERT_UPLOAD,
        [
            {"list_id": list_id, "lines": msgspec.msgpack.encode(part), "created_at": now}
            for part in parts
        ],
    )


async def insert_rows(
    transaction: Transaction, list_id: int, rows: Sequence[Row], now: int
) -> None:
    """Make receivers of rows; the list's counts are not touched."""
    await transaction.execute_many(
        statements.INSERT_RECEIVER,
        [
            {
                "list_id": list_id,
                "address": row.address,
                "data": row.data,
                "valid": row.valid,
                "reason": keep(row.reason),
                "created_at": now,
            }
            for row in rows
        ],
    )
