"""The header by which a client may repeat a call that sends, and be sure that it sends once.

It stands beside the API: SDKs that do not know it leave it out. What a call asks for is compared by
its parameters as they were understood, so the order of JSON keys, the way of signing, GET or POST
make no difference. On actions that send nothing the header has no meaning.
"""

import msgspec

from tayori.accept.idempotency import HEADER, KEY, KEY_RULE, Token, fingerprint
from tayori.edge.api.call import Call, Request
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse

_encoder = msgspec.json.Encoder(order="sorted")


def token_of(call: Call, action: str, request: Request) -> Token | Refusal | None:
    """Return the token of a call, or None when it carries no key."""
    key = call.idempotency_key
    if key is None:
        return None
    if not KEY.match(key):
        return refuse(Code.INVALID_PARAMETER_VALUE, KEY_RULE, parameter=HEADER)
    return Token(
        account_id=call.account.id,
        action=action,
        key=key,
        fingerprint=fingerprint([_encoder.encode(request)]),
    )
