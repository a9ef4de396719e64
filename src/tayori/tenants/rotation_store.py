"""All SQL of rotations of DKIM keys; each call is one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, update

from tayori.db.database import Database, Transaction
from tayori.db.statement import Statement
from tayori.db.tables.tenants import dkim_key, identity
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import say
from tayori.runtime.secrets import SecretBox
from tayori.tenants.identity_store import ADD_KEY, KEYS, MINE_LOCKED, identity_of, key_row
from tayori.tenants.model import DkimKey, Identity

_CHECK_SOON = Statement(
    update(identity)
    .where(identity.c.id == bindparam("identity_id"))
    .values(check_due_at=bindparam("due_at"))
)
_RETIRE = Statement(
    update(dkim_key).where(dkim_key.c.id == bindparam("key_id")).values(retired_at=bindparam("now"))
)
_TAKE_OVER = Statement(
    update(dkim_key).where(dkim_key.c.id == bindparam("key_id")).values(pending=False)
)
_DROP_PENDING = Statement(
    delete(dkim_key).where(
        dkim_key.c.identity_id == bindparam("identity_id"), dkim_key.c.pending.is_(True)
    )
)

UNDER_WAY = refuse(
    Code.FAILED_OPERATION,
    say(
        "New DKIM keys of this domain wait for their records already. Publish them, or give them "
        "up first."
    ),
)
NONE_UNDER_WAY = refuse(
    Code.FAILED_OPERATION, say("No new DKIM keys of this domain are waiting for their records.")
)


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a rotation whose records were found: keys in use now, and those before."""

    active: tuple[str, ...]
    retired: tuple[str, ...]


class RotationStore:
    """Keeps the keys of rotations beside those that sign."""

    def __init__(self, database: Database, box: SecretBox) -> None:
        self._database = database
        self._box = box

    async def begin(
        self, account_id: int, domain: str, keys: Sequence[DkimKey], now: int, check_at: int
    ) -> Identity | Refusal | None:
        """Add pending keys, to be looked for at `check_at`; None without the identity."""
        async with self._database.write() as transaction:
            found = await _locked(transaction, account_id, domain)
            if found is None:
                return None
            held = await transaction.fetch(KEYS, {"identity_id": found.id})
            if any(row["pending"] for row in held):
                return UNDER_WAY
            rows = [key_row(self._box, found, key, now) for key in keys]
            await transaction.execute_many(ADD_KEY, rows)
            await transaction.execute(_CHECK_SOON, {"identity_id": found.id, "due_at": check_at})
            return found

    async def give_up(self, account_id: int, domain: str) -> Identity | Refusal | None:
        """Delete the pending keys, which have signed nothing; None without the identity."""
        async with self._database.write() as transaction:
            found = await _locked(transaction, account_id, domain)
            if found is None:
                return None
            dropped = await transaction.execute(_DROP_PENDING, {"identity_id": found.id})
            return found if dropped else NONE_UNDER_WAY

    async def finish(
        self, account_id: int, domain: str, selectors: Sequence[str], now: int
    ) -> Taken | None:
        """Let the pending keys of these selectors sign instead of those of their length.

        None when one of them is pending no more, as when two processes found the records at once.
        """
        async with self._database.write() as transaction:
            found = await _locked(transaction, account_id, domain)
            if found is None:
                return None
            rows = await transaction.fetch(KEYS, {"identity_id": found.id})
            taking = [row for row in rows if row["pending"] and row["selector"] in selectors]
            if not taking or len(taking) != len(set(selectors)):
                return None
            lengths = {row["bits"] for row in taking}
            leaving = [
                row
                for row in rows
                if not row["pending"] and row["retired_at"] is None and row["bits"] in lengths
            ]
            await transaction.execute_many(
                _RETIRE, [{"key_id": row["id"], "now": now} for row in leaving]
            )
            await transaction.execute_many(_TAKE_OVER, [{"key_id": row["id"]} for row in taking])
        return Taken(
            active=tuple(row["selector"] for row in taking),
            retired=tuple(row["selector"] for row in leaving),
        )


async def _locked(transaction: Transaction, account_id: int, domain: str) -> Identity | None:
    values = {"account_id": account_id, "domain": domain}
    row = await transaction.fetch_one(MINE_LOCKED, values)
    return None if row is None else identity_of(row)
