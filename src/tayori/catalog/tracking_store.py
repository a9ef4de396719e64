"""All SQL of what is tracked for whom."""

from typing import Any

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from tayori.catalog.tracking_model import LinkSettings, Switches, TrackingSetting
from tayori.db.database import Database, Row
from tayori.db.statement import Statement, among, by_dialect
from tayori.db.tables.suppress import unsubscribe_config
from tayori.db.tables.tracking import tracking_setting
from tayori.runtime.clock import Clock
from tayori.tenants.memory import Memory

_column = tracking_setting.c
_ROW: dict[str, Any] = {c.name: bindparam(c.name) for c in _column}
_CHANGED = ("opens", "clicks", "url")


def _put(build: Any) -> Any:
    added = build(tracking_setting).values(_ROW)
    return added.on_conflict_do_update(
        index_elements=["account_id", "sender"],
        set_={name: added.excluded[name] for name in _CHANGED},
    )


_PUT = Statement(by_dialect(sqlite=_put(sqlite_insert), postgresql=_put(postgresql_insert)))
_FIND = Statement(
    select(tracking_setting)
    .where(_column.account_id == bindparam("account"))
    .where(among(_column.sender, "senders"))
)
_DELETE = Statement(
    delete(tracking_setting)
    .where(_column.account_id == bindparam("account"))
    .where(_column.sender == bindparam("of_sender"))
)
_ALL = Statement(select(tracking_setting).order_by(_column.account_id, _column.sender))
_FOOTER = Statement(
    select(unsubscribe_config.c.choice)
    .where(unsubscribe_config.c.account_id == bindparam("account"))
    .where(among(unsubscribe_config.c.address, "senders"))
    .where(unsubscribe_config.c.enabled == bindparam("on"))
)


class TrackingStore:
    """The settings in the database; what the door asks is remembered for five seconds."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._known: Memory[tuple[int, str], LinkSettings] = Memory(clock)

    async def for_sender(self, account_id: int, sender: str) -> LinkSettings:
        """Return what holds for the mails of a sender (address in lower case)."""
        known = self._known.recall((account_id, sender))
        if known is None:
            question = self._known.ask()
            known = await self._read(account_id, sender)
            self._known.keep((account_id, sender), known, question)
        return known

    async def put(self, account_id: int, setting: TrackingSetting) -> None:
        """Store a setting in the place of the one that is there."""
        row = {
            "account_id": account_id,
            "sender": setting.sender,
            "opens": setting.switches.opens,
            "clicks": setting.switches.clicks,
            "url": setting.url,
        }
        async with self._database.write() as transaction:
            await transaction.execute(_PUT, row)
        self._known.forget()

    async def find(self, account_id: int, sender: str = "") -> TrackingSetting:
        """Return what was stored for an account or one of its senders."""
        async with self._database.read() as transaction:
            row = await transaction.fetch_one(_FIND, {"account": account_id, "senders": [sender]})
        return TrackingSetting(sender=sender) if row is None else _setting(row)

    async def delete(self, account_id: int, sender: str = "") -> bool:
        """Forget a setting; False when there is none."""
        values = {"account": account_id, "of_sender": sender}
        async with self._database.write() as transaction:
            gone = await transaction.execute(_DELETE, values) > 0
        self._known.forget()
        return gone

    async def all(self) -> list[tuple[int, TrackingSetting]]:
        """Return every setting with its account."""
        async with self._database.read() as transaction:
            rows = await transaction.fetch(_ALL)
        return [(row["account_id"], _setting(row)) for row in rows]

    async def _read(self, account_id: int, sender: str) -> LinkSettings:
        values = {"account": account_id, "senders": [sender, ""], "on": True}
        async with self._database.read() as transaction:
            rows, footers = await transaction.fetch_each([(_FIND, values), (_FOOTER, values)])
        found = {row["sender"]: _setting(row) for row in rows}
        account = found.get("", TrackingSetting())
        own = found.get(sender, TrackingSetting())
        return LinkSettings(
            switches=own.switches.over(account.switches),
            url=account.url,
            language=int(footers[0]["choice"]) if footers else 0,
        )


def _setting(row: Row) -> TrackingSetting:
    return TrackingSetting(
        sender=row["sender"],
        switches=Switches(opens=_flag(row["opens"]), clicks=_flag(row["clicks"])),
        url=row["url"],
    )


def _flag(stored: object) -> bool | None:
    return None if stored is None else bool(stored)
