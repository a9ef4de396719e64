"""How many calls an account may make of one action in a second (spec 3)."""

from tayori.config.tree import Policy
from tayori.edge.api.call import Action, Call
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.reputation.permits import Permits
from tayori.tenants.limits import PolicyOf, SameForAll


class RateGate:
    """Refuses calls above `per_second` of one account and action, in all processes together."""

    def __init__(self, permits: Permits, per_second: int, limits: PolicyOf | None = None) -> None:
        self._permits = permits
        self._limits = limits or SameForAll(Policy(requests_per_second=per_second))

    async def check(self, call: Call, action: Action) -> Refusal | None:
        """Count the call, or refuse it. DatabaseBusyError when it cannot be counted."""
        limit = (await self._limits.of(call.account.id)).requests_per_second
        if await self._permits.take(f"{call.account.id}/{action.name}", limit):
            return None
        return refuse(Code.REQUEST_LIMIT_EXCEEDED, limit=limit)
