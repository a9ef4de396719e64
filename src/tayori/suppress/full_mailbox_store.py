"""Mailboxes without room: blocked only when they are full day after day.

A full mailbox may have room tomorrow, so one refusal says nothing. An address that is full on
FULL_DAYS days, a day apart at least, and takes no mail meanwhile, is blocked like an unknown one.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import bindparam, case, delete, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from tayori.db.database import Transaction
from tayori.db.statement import Statement, among, by_dialect
from tayori.db.tables.suppress import full_mailbox
from tayori.runtime.clock import DAY
from tayori.suppress.model import FULL_DAYS, FULL_FORGOTTEN_MS, Blocked
from tayori.suppress.store import block

_of = full_mailbox.c


def _note(build: Any) -> Any:
    added = build(full_mailbox).values(
        address=bindparam("address"), last_at=bindparam("last_at"), days=1
    )
    waited = added.excluded.last_at - _of.last_at
    over, counts = waited > FULL_FORGOTTEN_MS, waited >= DAY
    return added.on_conflict_do_update(
        index_elements=["address"],
        set_={
            "days": case((over, 1), (counts, _of.days + 1), else_=_of.days),
            "last_at": case((counts, added.excluded.last_at), else_=_of.last_at),
        },
    )


_NOTE = Statement(by_dialect(sqlite=_note(sqlite_insert), postgresql=_note(postgresql_insert)))
_FULL_FOR_DAYS = Statement(
    select(_of.address)
    .where(among(_of.address, "addresses"))
    .where(_of.days >= bindparam("least_days"))
)
_FORGET = Statement(delete(full_mailbox).where(among(_of.address, "addresses")))
_SWEEP = Statement(delete(full_mailbox).where(_of.last_at < bindparam("before")))


async def note_full(transaction: Transaction, found: Sequence[Blocked]) -> None:
    """Count refusals for want of room, and block the addresses for which it is enough."""
    if not found:
        return
    by_address = {item.address: item for item in found}
    addresses = sorted(by_address)
    rows = [{"address": each, "last_at": by_address[each].at} for each in addresses]
    await transaction.execute_many(_NOTE, rows)
    values = {"addresses": addresses, "least_days": FULL_DAYS}
    enough = [row["address"] for row in await transaction.fetch(_FULL_FOR_DAYS, values)]
    if enough:
        await block(transaction, [by_address[address] for address in enough])
        await transaction.execute(_FORGET, {"addresses": enough})


async def note_room(transaction: Transaction, addresses: Iterable[str]) -> None:
    """Begin anew with addresses that took a mail."""
    taken = sorted({address.lower() for address in addresses})
    if taken:
        # As one of many, so that it costs no round trip of its own.
        await transaction.execute_many(_FORGET, [{"addresses": taken}])


async def sweep_full(transaction: Transaction, now: int) -> None:
    """Forget what does not count any more."""
    await transaction.execute(_SWEEP, {"before": now - FULL_FORGOTTEN_MS})
