"""What an operator and an account see of usage and money, and an operator's credits."""

import re
from datetime import date, tzinfo

from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import say
from tayori.runtime.clock import Clock, day_of, day_range
from tayori.tenants.billing.model import Purse, Statement, Usage
from tayori.tenants.billing.store import BillingStore

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])\Z")
_LONGEST_NOTE = 200


class BillingDesk:
    """Statements and credits. `zone` is the one in which months begin."""

    def __init__(self, *, store: BillingStore, clock: Clock, zone: tzinfo) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone

    async def statement(self, account_id: int, month: str = "") -> Statement | Refusal:
        """Return an account's month "YYYY-MM", the current one when none is named."""
        month = month or day_of(self._clock.now(), self._zone)[:7]
        if not _MONTH.match(month) or month < "1970":
            return refuse(
                Code.INVALID_PARAMETER_VALUE,
                say("{month} is no month; write 2026-11.", month=repr(month)),
                parameter="Month",
            )
        days = await self._store.month(account_id, month)
        total = Usage()
        for _, usage in days:
            total = total.plus(usage)
        return Statement(
            month=month,
            days=days,
            total=total,
            credits=await self._store.credits(account_id, self._period(month)),
            balance=await self._store.balance(account_id),
        )

    async def purse(self, account_id: int) -> Purse:
        """Return what an account has used up and has left."""
        return await self._store.purse(account_id)

    @property
    def today(self) -> str:
        """Return the day "YYYY-MM-DD" that mails are counted on now."""
        return day_of(self._clock.now(), self._zone)

    async def add_credit(self, account_id: int, amount: int, note: str = "") -> int | Refusal:
        """Put an amount (micro-units, negative to take it back) on an account; the new balance."""
        if not amount or len(note) > _LONGEST_NOTE or not note.isprintable():
            return refuse(
                Code.INVALID_PARAMETER_VALUE,
                say(
                    "A credit is not 0; its note has at most {most} printable characters.",
                    most=_LONGEST_NOTE,
                ),
                parameter="Amount",
            )
        return await self._store.add_credit(account_id, amount, note, self._clock.now())

    def _period(self, month: str) -> tuple[int, int]:
        first = date.fromisoformat(f"{month}-01")
        following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
        return day_range(str(first), self._zone)[0], day_range(str(following), self._zone)[0]
