"""How many calls an account may make of one action in a second (spec 3)."""

from tayori.edge.api.call import Action, Call
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.reputation.permits import Permits


class RateGate:
    """Refuses calls above `per_second` of one account and action, in all processes together."""

    def __init__(self, permits: Permits, per_second: int) -> None:
        self._permits = permits
        self._per_second = per_second

    async def check(self, call: Call, action: Action) -> Refusal | None:
        """Count the call, or refuse it. DatabaseBusyError when it cannot be counted."""
        if self._per_second == 0:
            return None
        if await self._permits.take(f"{call.account.id}/{action.name}", self._per_second):
            return None
        return refuse(Code.REQUEST_LIMIT_EXCEEDED, limit=self._per_second)
