"""Return-path tokens: the local part of the envelope sender names the recipient it was sent to.

A token is a recipient id and the minute of its issue under an HMAC, so a bounce that arrives can
be believed to answer a mail of ours, and an old or invented one cannot harm anybody. It survives
receivers that change the case of local parts. What is no valid token gives a `TokenError` value.

The same form, each under a context of its own so that none stands for another, names the recipient
in the mailto of List-Unsubscribe and in the header by which redacted complaints are resolved.
"""

import base64
import hmac
import re
import struct
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from typing import Final

_DAY_MS: Final = 24 * 3600 * 1000
MAX_AGE_MS: Final = 30 * _DAY_MS
"""How long a token is believed: retries take 3 days, receivers' own retries 5, and some wait."""
LONG_AGE_MS: Final = 400 * _DAY_MS
"""People unsubscribe from, and complain about, mail that lay in their mailbox for long."""

_MS_PER_MINUTE: Final = 60_000
_HEAD: Final = struct.Struct(">QI")
_MAC_OCTETS: Final = 13
"""104 bits; with the head 25 octets, which base32 writes in 40 characters without padding."""
_TOKEN: Final = re.compile(r"[a-z2-7]{40}\Z")


@dataclass(frozen=True, slots=True)
class Form:
    """What a token is for: its prefix, what is signed with it, and how long it is believed."""

    prefix: str
    context: bytes
    max_age_ms: int


RETURN: Final = Form("b-", b"tayori return path 1\0", MAX_AGE_MS)
UNSUBSCRIBE: Final = Form("unsubscribe+", b"tayori unsubscribe mail 1\0", LONG_AGE_MS)
"""The local part of the mailto in List-Unsubscribe (RFC 2369 3.2)."""
REFERENCE: Final = Form("r-", b"tayori reference 1\0", LONG_AGE_MS)
"""The value of `REFERENCE_HEADER`."""
REFERENCE_HEADER: Final = "X-Report-Ref"
"""Header of every mail that leaves, which stays in a report when the addresses are taken out."""


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


def encode(recipient_id: int, issued_at_ms: int, key: bytes, form: Form = RETURN) -> str:
    """Return the local part for a recipient: prefix and 40 characters; equal arguments, equal text.

    `recipient_id` is unsigned with at most 64 bits.
    """
    head = _HEAD.pack(recipient_id, issued_at_ms // _MS_PER_MINUTE)
    return form.prefix + base64.b32encode(head + _mac(head, key, form)).decode("ascii").lower()


def decode(
    local: str, key: bytes, now: int, form: Form = RETURN, *, max_age_ms: int | None = None
) -> ReturnPath | TokenError:
    """Read a local part in any case; `now` in milliseconds, `max_age_ms` else the form's."""
    lower = local.lower()
    token = lower.removeprefix(form.prefix)
    # Some non-ASCII letters have an ASCII lower case, so the whole text is asked for.
    if token == lower or not _TOKEN.match(token) or not local.isascii():
        return TokenError.MALFORMED
    octets = base64.b32decode(token.upper())
    head, mac = octets[: _HEAD.size], octets[_HEAD.size :]
    if not hmac.compare_digest(mac, _mac(head, key, form)):
        return TokenError.FORGED
    recipient_id, minute = _HEAD.unpack(head)
    issued_at = minute * _MS_PER_MINUTE
    if now - issued_at > (form.max_age_ms if max_age_ms is None else max_age_ms):
        return TokenError.EXPIRED
    return ReturnPath(recipient_id=recipient_id, issued_at=issued_at)


def _mac(head: bytes, key: bytes, form: Form) -> bytes:
    started = _started(key, form.context).copy()
    started.update(head)
    return started.digest()[:_MAC_OCTETS]


@lru_cache(maxsize=64)
def _started(key: bytes, context: bytes) -> hmac.HMAC:
    """Return the HMAC with key and context in it, which all tokens of a form have in common."""
    return hmac.new(key, context, sha256)
