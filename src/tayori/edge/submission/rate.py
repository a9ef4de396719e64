"""How many mails an account may hand in within a second, in all processes together."""

from typing import Final

from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.reputation.permits import Permits

ACTION: Final = "SMTP"
"""Under this name mails are counted, beside the API's actions."""


class Rate:
    """Refuses mails above `per_second` of one account; 0 = no limit."""

    def __init__(self, permits: Permits, per_second: int) -> None:
        self._permits = permits
        self._per_second = per_second

    async def admit(self, account_id: int) -> Refusal | None:
        """Count one mail, or refuse it for now. DatabaseBusyError when it cannot be counted."""
        if self._per_second == 0:
            return None
        if await self._permits.take(f"{account_id}/{ACTION}", self._per_second):
            return None
        return refuse(
            Code.REQUEST_LIMIT_EXCEEDED,
            f"An account may hand in {self._per_second} mails a second by SMTP.",
        )
