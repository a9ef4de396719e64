"""How many mails an account may hand in within a second, in all processes together."""

from typing import Final

from tayori.config.tree import Policy
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import say
from tayori.reputation.permits import Permits
from tayori.tenants.limits import PolicyOf, SameForAll

ACTION: Final = "SMTP"
"""Under this name mails are counted, beside the API's actions."""


class Rate:
    """Refuses mails above `per_second` of one account; 0 = no limit."""

    def __init__(self, permits: Permits, per_second: int, limits: PolicyOf | None = None) -> None:
        self._permits = permits
        self._limits = limits or SameForAll(Policy(requests_per_second=per_second))

    async def admit(self, account_id: int) -> Refusal | None:
        """Count one mail, or refuse it for now. DatabaseBusyError when it cannot be counted."""
        limit = (await self._limits.of(account_id)).requests_per_second
        if await self._permits.take(f"{account_id}/{ACTION}", limit):
            return None
        return refuse(
            Code.REQUEST_LIMIT_EXCEEDED,
            say("An account may hand in {limit} mails a second by SMTP.", limit=limit),
        )
