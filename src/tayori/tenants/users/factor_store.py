"""All SQL of second factors and recovery codes.

The secret is sealed under the context "second factor:<user id>"; of a recovery code only the hash
is stored. A step of time that was used, or an earlier one, is never accepted again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import bindparam, delete, func, insert, null, select, update

from tayori.db.database import Database, Transaction
from tayori.db.statement import Statement
from tayori.db.tables.users import console_user, recovery_code
from tayori.runtime.secrets import SecretBox

_user = console_user.c
_code = recovery_code.c
_FIND = Statement(
    select(_user.totp_sealed, _user.totp_since, _user.totp_step).where(
        _user.id == bindparam("user_id")
    )
)
_PROPOSE = Statement(
    update(console_user)
    .where(_user.id == bindparam("user_id"), _user.totp_since.is_(None))
    .values(totp_sealed=bindparam("sealed"), totp_step=0)
)
_CONFIRM = Statement(
    update(console_user)
    .where(
        _user.id == bindparam("user_id"),
        _user.totp_since.is_(None),
        _user.totp_sealed.is_not(None),
    )
    .values(totp_since=bindparam("now"), totp_step=bindparam("step"))
)
_USE_STEP = Statement(
    update(console_user)
    .where(_user.id == bindparam("user_id"), _user.totp_step < bindparam("below"))
    .values(totp_step=bindparam("step"))
)
_REMOVE = Statement(
    update(console_user)
    .where(_user.id == bindparam("user_id"), _user.totp_since.is_not(None))
    .values(totp_sealed=null(), totp_since=null())
)
_ADD_CODE = Statement(
    insert(recovery_code).values(user_id=bindparam("user_id"), code_hash=bindparam("code_hash"))
)
_USE_CODE = Statement(
    delete(recovery_code).where(
        _code.user_id == bindparam("of_user"), _code.code_hash == bindparam("of_hash")
    )
)
_REMOVE_CODES = Statement(delete(recovery_code).where(_code.user_id == bindparam("of_user")))
_COUNT_CODES = Statement(
    select(func.count().label("left")).where(_code.user_id == bindparam("of_user"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """A second factor: its secret, since when it is on (None = not yet), the last step used."""

    secret: bytes = field(repr=False)
    since: int | None
    step: int


class FactorStore:
    """Keeps second factors."""

    def __init__(self, database: Database, box: SecretBox) -> None:
        self._database = database
        self._box = box

    async def find(self, user_id: int) -> Factor | None:
        """Return the factor of a user, a proposed one too; SecretError when it does not open."""
        async with self._database.read() as transaction:
            row = await transaction.fetch_one(_FIND, {"user_id": user_id})
        if row is None or row["totp_sealed"] is None:
            return None
        return Factor(
            secret=self._box.open(row["totp_sealed"], _context(user_id)),
            since=row["totp_since"],
            step=row["totp_step"],
        )

    async def propose(self, user_id: int, secret: bytes) -> bool:
        """Keep a secret until a code of it is seen; False when a factor is on."""
        values = {"user_id": user_id, "sealed": self._box.seal(secret, _context(user_id))}
        async with self._database.write() as transaction:
            return await transaction.execute(_PROPOSE, values) == 1

    async def confirm(self, user_id: int, step: int, codes: Sequence[str], now: int) -> bool:
        """Switch the proposed factor on, with the hashes of its recovery codes."""
        values = {"user_id": user_id, "step": step, "now": now}
        async with self._database.write() as transaction:
            if await transaction.execute(_CONFIRM, values) != 1:
                return False
            await _replace_codes(transaction, user_id, codes)
        return True

    async def use_step(self, user_id: int, step: int) -> bool:
        """Use up a step of time; False when it, or a later one, was used before."""
        values = {"user_id": user_id, "below": step, "step": step}
        async with self._database.write() as transaction:
            return await transaction.execute(_USE_STEP, values) == 1

    async def use_code(self, user_id: int, code_hash: str) -> bool:
        """Use up a recovery code; False when the user has no such one."""
        values = {"of_user": user_id, "of_hash": code_hash}
        async with self._database.write() as transaction:
            return await transaction.execute(_USE_CODE, values) == 1

    async def replace_codes(self, user_id: int, codes: Sequence[str]) -> None:
        """Replace all recovery codes by these hashes."""
        async with self._database.write() as transaction:
            await _replace_codes(transaction, user_id, codes)

    async def codes_left(self, user_id: int) -> int:
        """Return how many recovery codes are unused."""
        async with self._database.read() as transaction:
            row = await transaction.fetch_one(_COUNT_CODES, {"of_user": user_id})
        return int(row["left"]) if row else 0

    async def remove(self, user_id: int) -> bool:
        """Switch the factor off and forget its codes; False when none was on."""
        async with self._database.write() as transaction:
            await transaction.execute(_REMOVE_CODES, {"of_user": user_id})
            return await transaction.execute(_REMOVE, {"user_id": user_id}) == 1


async def _replace_codes(transaction: Transaction, user_id: int, codes: Sequence[str]) -> None:
    await transaction.execute(_REMOVE_CODES, {"of_user": user_id})
    rows = [{"user_id": user_id, "code_hash": code} for code in codes]
    await transaction.execute_many(_ADD_CODE, rows)


def _context(user_id: int) -> str:
    return f"second factor:{user_id}"
