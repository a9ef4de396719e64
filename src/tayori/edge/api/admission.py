"""What must hold of an authenticated call before its action runs: one ordered list of gates.

A gate answers None or a refusal and changes nothing. The rate is counted behind them all, so that
only calls which nothing else refuses use it up.
"""

from collections.abc import Callable

from tayori.edge.api.call import Action, Call, Kind
from tayori.edge.api.rate import RateGate
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import say
from tayori.tenants.model import Scope

Gate = Callable[[Call, Action], Refusal | None]

_ALLOWED = {
    Scope.FULL: frozenset({Kind.READ, Kind.WRITE, Kind.SEND}),
    Scope.SEND: frozenset({Kind.SEND}),
    Scope.READ: frozenset({Kind.READ}),
    # An operator's tool; a customer's credential never has it, `full` is full for an account.
    Scope.REVIEW: frozenset({Kind.REVIEW}),
}


def check_source(call: Call, _action: Action) -> Refusal | None:
    """Refuse a client outside the credential's networks."""
    if call.credential.allows_address(call.source):
        return None
    return refuse(
        Code.IP_NOT_IN_WHITELIST, say("The request came from {source}.", source=call.source)
    )


def check_scope(call: Call, action: Action) -> Refusal | None:
    """Refuse what the credential is not for."""
    if action.kind in _ALLOWED[call.credential.scope]:
        return None
    return refuse(
        Code.AUTH_FAILURE__UNAUTHORIZED_OPERATION,
        say(
            "This credential is for {scope} only, {action} is not.",
            scope=call.credential.scope.value,
            action=action.name,
        ),
    )


def check_suspension(call: Call, _action: Action) -> Refusal | None:
    """Refuse everything to a suspended account (spec 4)."""
    if not call.account.suspended:
        return None
    return refuse(
        Code.AUTH_FAILURE__UNAUTHORIZED_OPERATION,
        say("The account is suspended: {reason}", reason=call.account.suspended_reason),
    )


GATES: tuple[Gate, ...] = (check_source, check_scope, check_suspension)


async def admit(call: Call, action: Action, rate: RateGate | None) -> Refusal | None:
    """Return the first gate's refusal, or None."""
    for gate in GATES:
        refusal = gate(call, action)
        if refusal is not None:
            return refusal
    return await rate.check(call, action) if rate is not None else None
