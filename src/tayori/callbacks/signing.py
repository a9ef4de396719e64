"""The signature of a call, an addition to the original, which signs nothing.

`X-Tayori-Signature: t=<seconds>,v1=<hex>` where the hex is HMAC-SHA256, keyed with the endpoint's
secret, over `<seconds>.<body>`. A receiver that checks the time as well is safe from replays.
"""

import hmac
import secrets

HEADER = "X-Tayori-Signature"
CALL_HEADER = "X-Tayori-Call-Id"
"""Names the call; a repeated attempt has the same one."""


def new_secret() -> bytes:
    """Return a key of 64 hexadecimal digits."""
    return secrets.token_hex(32).encode("ascii")


def signature(secret: bytes, body: bytes, now_s: int) -> str:
    """Return the value of the header for a body that is sent now."""
    digest = hmac.digest(secret, b"%d.%b" % (now_s, body), "sha256").hex()
    return f"t={now_s},v1={digest}"
