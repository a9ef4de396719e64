"""Return-path tokens: the local part of the envelope sender names the recipient it was sent to.

A token is a recipient id and the minute of its issue under an HMAC, so a bounce that arrives can
be believed to answer a mail of ours, and an old or invented one cannot harm anybody. It survives
receivers that change the case of local parts. What is no valid token gives a `TokenError` value.
"""

import base64
import hmac
import re
import struct
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Final

PREFIX: Final = "b-"
MAX_AGE_MS: Final = 30 * 24 * 3600 * 1000
"""How long a token is believed: retries take 3 days, receivers' own retries 5, and some wait."""

_MS_PER_MINUTE: Final = 60_000
_HEAD: Final = struct.Struct(">QI")
_MAC_OCTETS: Final = 13
"""104 bits; with the head 25 octets, which base32 writes in 40 characters without padding."""
_CONTEXT: Final = b"tayori return path 1\0"
_TOKEN: Final = re.compile(r"b-([a-z2-7]{40})\Z")


class TokenError(StrEnum):
    """Why a local part is no token of ours."""

    MALFORMED = "malformed"
    """It does not have the form of a token."""
    FORGED = "forged"
    """It has the form, but was not signed with this key."""
    EXPIRED = "expired"
    """It is ours, and too old to be believed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnPath:
    """What a valid token says; `issued_at` in milliseconds, cut to the minute."""

    recipient_id: int
    issued_at: int


def encode(recipient_id: int, issued_at_ms: int, key: bytes) -> str:
    """Return the local part for a recipient: 42 characters; equal arguments give equal tokens.

    `recipient_id` is unsigned with at most 64 bits.
    """
    head = _HEAD.pack(recipient_id, issued_at_ms // _MS_PER_MINUTE)
    return PREFIX + base64.b32encode(head + _mac(head, key)).decode("ascii").lower()


def decode(
    local: str, key: bytes, now: int, *, max_age_ms: int = MAX_AGE_MS
) -> ReturnPath | TokenError:
    """Read a local part in any case; `now` in milliseconds."""
    match = _TOKEN.match(local.lower())
    # Some non-ASCII letters have an ASCII lower case, so the whole text is asked for.
    if not match or not local.isascii():
        return TokenError.MALFORMED
    octets = base64.b32decode(match[1].upper())
    head, mac = octets[: _HEAD.size], octets[_HEAD.size :]
    if not hmac.compare_digest(mac, _mac(head, key)):
        return TokenError.FORGED
    recipient_id, minute = _HEAD.unpack(head)
    issued_at = minute * _MS_PER_MINUTE
    if now - issued_at > max_age_ms:
        return TokenError.EXPIRED
    return ReturnPath(recipient_id=recipient_id, issued_at=issued_at)


def _mac(head: bytes, key: bytes) -> bytes:
    return hmac.digest(key, _CONTEXT + head, sha256)[:_MAC_OCTETS]
