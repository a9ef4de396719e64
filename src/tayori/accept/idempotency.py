"""Tokens by which a caller may repeat a call without the work being done twice, as values.

What keeps them is `idempotency_store`.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tayori.refusal.saying import say
from tayori.runtime.clock import HOUR

HEADER: Final = "X-Tayori-Idempotency-Key"
"""The header that carries the key, by HTTP and in a mail that came by SMTP."""
KEY: Final = re.compile(r"[!-~]{1,64}\Z")
"""1 to 64 visible ASCII characters, no space."""
KEY_RULE: Final = say("A key is 1 to 64 visible ASCII characters without spaces.")
REMEMBERED_MS: Final = 24 * HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A key that an account chose for one call of an action, and what the call asks for."""

    account_id: int
    action: str
    key: str
    fingerprint: str


def fingerprint(pieces: Iterable[bytes]) -> str:
    """Return the SHA-256 of a call's content in hexadecimal; where a piece ends counts as well."""
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(b"%d:" % len(piece))
        digest.update(piece)
    return digest.hexdigest()
