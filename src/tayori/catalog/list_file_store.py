"""All SQL of files for receiver lists.

The receivers of a step, what is wrong with its other rows, the counts and the place are written in
one transaction: after a crash reading goes on where it was, and no row counts twice. Whoever reads
holds a lease that every step renews.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import msgspec

from tayori.catalog import list_file_statements as sql
from tayori.catalog import receiver_statements as lists
from tayori.catalog.file_removal_store import forget_files
from tayori.catalog.file_rows import Bad, Fault
from tayori.catalog.list_file import Encoding, Mapping
from tayori.catalog.list_file_model import FileStatus, ListFile, Step
from tayori.catalog.receiver_model import ListStatus, ReceiverList, Row
from tayori.catalog.receiver_store import to_list
from tayori.catalog.upload_store import insert_rows
from tayori.db import numbers
from tayori.db.database import Database, Transaction
from tayori.db.database import Row as Stored
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import say
from tayori.runtime.clock import DAY, SECOND
from tayori.runtime.crash import Point, reach

LEASE_MS: Final = 30 * SECOND
PART: Final = 256 * 1024
"""Octets of a part."""
EVERY_PART: Final = 2**31 - 1
MOST_FAULTS: Final = 10_000
"""Rows that the report of a file names; all are counted."""
UNASKED_MS: Final = DAY
"""How long a file waits for somebody to say what its columns are."""
KEPT_MS: Final = 90 * DAY
"""How long the report of a file is kept."""
_SWEPT: Final = 50


class ListFileStore:
    """Files for receiver lists in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, account_id: int, list_id: int, name: str, now: int) -> int:
        """Store a file of which nothing came yet; return its number."""
        values = {
            "account_id": account_id,
            "list_id": list_id,
            "name": name,
            "status": int(FileStatus.COMING),
            "encoding": Encoding.UTF_8.value,
            "mapping": "",
            "created_at": now,
            "ended_at": None,
            "lease_ends_at": 0,
            **dict.fromkeys(("size", "first_id", "done", "line", "added", "faults"), 0),
        }
        async with self._database.write() as transaction:
            return await numbers.insert(transaction, sql.INSERT, values)

    async def add_part(self, file_id: int, number: int, content: bytes) -> None:
        """Store the next piece."""
        values = {"file_id": file_id, "number": number, "content": content}
        async with self._database.write() as transaction:
            await transaction.execute(sql.INSERT_PART, values)

    async def arrived(self, file_id: int, encoding: Encoding, size: int) -> None:
        """Let a file wait for its mapping: all of it is here."""
        values = {
            "of_id": file_id,
            "to_status": int(FileStatus.ASKED),
            "to_encoding": encoding.value,
            "to_size": size,
        }
        async with self._database.write() as transaction:
            await transaction.execute(sql.ARRIVED, values)

    async def forget(self, files: Sequence[int]) -> None:
        """Delete files with all that is known of them."""
        async with self._database.write() as transaction:
            await forget_files(transaction, files)

    async def get(self, account_id: int, file_id: int) -> ListFile | None:
        """Return a file of the account that is there as a whole."""
        values = {"account": account_id, "of_id": file_id}
        async with self._database.read() as transaction:
            row = await transaction.fetch_one(sql.GET, values)
        found = _file(row) if row else None
        return None if found is None or found.status is FileStatus.COMING else found

    async def of_list(self, account_id: int, list_id: int, most: int) -> list[ListFile]:
        """Return the latest files of a list, the last one first."""
        values = {"account": account_id, "of_list": list_id, "most": most}
        async with self._database.read() as transaction:
            rows = await transaction.fetch(sql.OF_LIST, values)
        return [one for one in map(_file, rows) if one.status is not FileStatus.COMING]

    async def content(self, file_id: int, parts: int = EVERY_PART) -> bytes:
        """Return the octets of a file, or of its first parts."""
        values = {"of_id": file_id, "most": parts}
        async with self._database.read() as transaction:
            rows = await transaction.fetch(sql.PARTS, values)
        return b"".join(bytes(row["content"]) for row in rows)

    async def begin(self, file: ListFile, mapping: Mapping) -> Refusal | None:
        """Let a file be read into its list, which nothing else fills meanwhile."""
        async with self._database.write() as transaction:
            values = {"account": file.account_id, "of_id": file.list_id}
            row = await transaction.fetch_one(lists.LOCK_LIST, values)
            if row is None:
                return refuse(Code.OPERATION_DENIED__RECEIVER_NOT_EXIST)
            held = to_list(row)
            refused = _fits(held, mapping)
            if refused is not None:
                return refused
            last = await numbers.total(transaction, sql.LAST_RECEIVER, {"of_list": held.id})
            begun = {
                "of_id": file.id,
                "was": int(FileStatus.ASKED),
                "to_status": int(FileStatus.READING),
                "to_mapping": msgspec.json.encode(mapping).decode(),
                "to_first_id": last,
            }
            if not await transaction.execute(sql.BEGIN, begun):
                return refuse(Code.OPERATION_DENIED__RECEIVER_IS_OPERATING)
            await _set_list(transaction, held, ListStatus.UPLOADING, mapping.names)
        return None

    async def claim(self, now: int) -> ListFile | None:
        """Lease the file that has waited longest to be read; None when there is none."""
        values = {"now": now, "lease_ends_at": now + LEASE_MS}
        async with self._database.write() as transaction:
            row = await transaction.fetch_one(sql.CLAIM, values)
        return _file(row) if row else None

    async def advance(self, file: ListFile, step: Step, most: int, now: int) -> ListFile | None:
        """Write a step behind the one before; None when the file is somebody else's, or gone.

        A list has at most `most` receivers, 0 = any number.
        """
        async with self._database.write() as transaction:
            of_list = {"of_id": file.list_id}
            row = await transaction.fetch_one(lists.LOCK_ANY_LIST, of_list)
            if row is None:
                return None
            held = to_list(row)
            room = max(0, most - held.total) if most else len(step.rows)
            fresh, faults = await _sort(transaction, file, step, room)
            changed = _advanced(file, step, len(fresh), len(faults), now)
            if not await transaction.execute(sql.ADVANCE, changed):
                return None
            await insert_rows(transaction, held.id, fresh, now)
            # The report has an end; the count has none.
            kept = faults[: max(0, MOST_FAULTS - file.faults)]
            await transaction.execute_many(sql.INSERT_FAULT, [_bad(file.id, one) for one in kept])
            counted = {"more": len(fresh), "more_invalid": 0, "to_status": int(held.status)}
            names = {"names": row["variables"]}
            await transaction.execute(lists.ADD_TO_LIST, of_list | counted | names)
            reach(Point.UPLOAD_BEFORE_COMMIT)
        reach(Point.UPLOAD_AFTER_COMMIT)
        return replace(
            file,
            line=step.line,
            done=step.done,
            added=file.added + len(fresh),
            faults=file.faults + len(faults),
        )

    async def finish(self, file: ListFile, now: int) -> None:
        """End the reading of a file: its octets are not needed any more."""
        async with self._database.write() as transaction:
            row = await transaction.fetch_one(lists.LOCK_ANY_LIST, {"of_id": file.list_id})
            values = {
                "of_id": file.id,
                "was": int(FileStatus.READING),
                "to_status": int(FileStatus.DONE),
                "now": now,
            }
            if not await transaction.execute(sql.FINISH, values):
                return
            await transaction.execute(sql.DELETE_PARTS, {"files": [file.id]})
            if row is not None:
                held = to_list(row)
                status = ListStatus.UPLOADED if held.total else ListStatus.EMPTY
                await _set_list(transaction, held, status, held.variables or ())

    async def faults(self, file_id: int, after: int, most: int) -> list[Bad]:
        """Return the next rows behind a line that gave no receiver."""
        values = {"of_id": file_id, "after": after, "most": most}
        async with self._database.read() as transaction:
            rows = await transaction.fetch(sql.FAULTS, values)
        return [
            Bad(
                line=row["line"],
                value=row["value"],
                fault=Fault(row["fault"]),
                detail=row["detail"],
            )
            for row in rows
        ]

    async def sweep(self, now: int) -> int:
        """Forget files that nobody went on with, and old reports; return how many."""
        asked = {"before": now - UNASKED_MS, "least": int(FileStatus.COMING)}
        asked |= {"largest": int(FileStatus.ASKED), "most": _SWEPT}
        done = {"before": now - KEPT_MS, "least": int(FileStatus.DONE)}
        done |= {"largest": int(FileStatus.DONE), "most": _SWEPT}
        async with self._database.write() as transaction:
            rows = await transaction.fetch(sql.OLD, asked)
            rows += await transaction.fetch(sql.OLD, done)
            await forget_files(transaction, [row["id"] for row in rows])
        return len(rows)


def _fits(held: ReceiverList, mapping: Mapping) -> Refusal | None:
    if held.status is ListStatus.UPLOADING:
        return refuse(Code.OPERATION_DENIED__RECEIVER_IS_OPERATING)
    if held.variables is None or not held.total or mapping.names == held.variables:
        return None
    return refuse(
        Code.INVALID_PARAMETER_VALUE__TEMPLATE_DATA_INCONSISTENT,
        say(
            "The list has the variables {held}; this file has {given}.",
            held=", ".join(held.variables) or say("(none)"),
            given=", ".join(mapping.names) or say("(none)"),
        ),
    )


async def _set_list(
    transaction: Transaction, held: ReceiverList, status: ListStatus, names: tuple[str, ...]
) -> None:
    values = {
        "of_id": held.id,
        "to_status": int(status),
        "names": msgspec.json.encode(names).decode(),
    }
    await transaction.execute(sql.SET_LIST, values)


async def _sort(
    transaction: Transaction, file: ListFile, step: Step, room: int
) -> tuple[list[Row], list[Bad]]:
    """Return which rows of a step are new to the list and have room there, and all others."""
    known = await _known(transaction, file.list_id, [row.address for _, row in step.rows])
    faults, fresh, here = list(step.faults), list[Row](), set[str]()
    for line, row in step.rows:
        address = row.address.lower()
        number = known.get(address)
        if address in here or (number is not None and number > file.first_id):
            fault = Fault.REPEATED
        elif number is not None:
            fault = Fault.LISTED
        elif len(fresh) >= room:
            fault = Fault.FULL
        else:
            here.add(address)
            fresh.append(row)
            continue
        faults.append(Bad(line=line, value=row.address, fault=fault))
    return fresh, sorted(faults, key=lambda one: one.line)


async def _known(
    transaction: Transaction, list_id: int, addresses: Sequence[str]
) -> dict[str, int]:
    """Return the numbers of addresses that stand in the list, as they are or in lower case."""
    if not addresses:
        return {}
    wanted = sorted({*addresses, *(address.lower() for address in addresses)})
    rows = await transaction.fetch(sql.KNOWN, {"of_list": list_id, "addresses": wanted})
    found: dict[str, int] = {}
    for row in rows:
        address = row["address"].lower()
        found[address] = min(row["id"], found.get(address, row["id"]))
    return found


def _advanced(file: ListFile, step: Step, more: int, faults: int, now: int) -> dict[str, int]:
    return {
        "of_id": file.id,
        "was_line": file.line,
        "was": int(FileStatus.READING),
        "to_line": step.line,
        "to_done": step.done,
        "more": more,
        "more_faults": faults,
        "to_lease_ends_at": now + LEASE_MS,
    }


def _bad(file_id: int, one: Bad) -> dict[str, object]:
    return {
        "file_id": file_id,
        "line": one.line,
        "value": one.value,
        "fault": one.fault.value,
        "detail": one.detail,
    }


def _file(row: Stored) -> ListFile:
    same = ("id", "account_id", "list_id", "name", "size", "first_id", "done", "line")
    mapping = row["mapping"]
    return ListFile(
        status=FileStatus(row["status"]),
        encoding=Encoding(row["encoding"]),
        mapping=msgspec.json.decode(mapping, type=Mapping) if mapping else None,
        **{name: row[name] for name in (*same, "added", "faults", "created_at", "ended_at")},
    )
