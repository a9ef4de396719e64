"""All SQL of finds in mails that count against an account: once per mail, within a day."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from tayori.db.database import Database
from tayori.db.group import GroupCommit
from tayori.db.statement import Statement, by_dialect
from tayori.db.tables.screen import content_find
from tayori.events.model import Event
from tayori.events.store import record

_ROW: dict[str, Any] = {column.name: bindparam(column.name) for column in content_find.c}
_KEY = ("account_id", "kind", "key")
_SQLITE = sqlite_insert(content_find).values(_ROW)
_POSTGRESQL = postgresql_insert(content_find).values(_ROW)
_ADD = Statement(
    by_dialect(
        sqlite=_SQLITE.on_conflict_do_update(
            index_elements=_KEY, set_={"found_at": _SQLITE.excluded.found_at}
        ),
        postgresql=_POSTGRESQL.on_conflict_do_update(
            index_elements=_KEY, set_={"found_at": _POSTGRESQL.excluded.found_at}
        ),
    )
)
_OF_ACCOUNT = (
    content_find.c.account_id == bindparam("owner_id"),
    content_find.c.kind == bindparam("what"),
)
COUNT = Statement(
    select(func.count().label("n"))
    .select_from(content_find)
    .where(*_OF_ACCOUNT, content_find.c.found_at > bindparam("since"))
)
_FORGET = Statement(
    delete(content_find).where(*_OF_ACCOUNT, content_find.c.found_at <= bindparam("until"))
)
_EVER = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class Find:
    """Something in a mail; `key` names the mail, `found_at` is in milliseconds since 1970."""

    account_id: int
    kind: str
    key: str
    found_at: int


class FindStore:
    """Remembers finds; those that come together share a transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._group: GroupCommit[tuple[Find, int], int] = GroupCommit(self._commit)

    async def add(self, find: Find, *, since: int) -> int:
        """Store a find; return the account's different finds of its kind after `since`."""
        return await self._group.put((find, since))

    async def forget(self, account_id: int, kind: str) -> None:
        """Begin the account's count anew."""
        asked = {"owner_id": account_id, "what": kind, "until": _EVER}
        async with self._database.write() as transaction:
            await transaction.execute(_FORGET, asked)

    async def tell(self, event: Event) -> None:
        """Write an event about an account."""
        async with self._database.write() as transaction:
            await record(transaction, [event])

    async def _commit(self, batch: Sequence[tuple[Find, int]]) -> list[int]:
        counts = []
        async with self._database.write() as transaction:
            for find, since in batch:
                asked = {"owner_id": find.account_id, "what": find.kind}
                await transaction.execute(_FORGET, asked | {"until": since})
                await transaction.execute(_ADD, asdict(find))
                row = await transaction.fetch_one(COUNT, asked | {"since": since})
                counts.append(0 if row is None else int(row["n"]))
        return counts
