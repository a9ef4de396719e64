"""Tokens in the links of a mail: they name the recipient, and the address that a link leads to.

A token is read by whoever gets a forwarded mail, so it tells numbers only, and each purpose has
tokens of its own: who knows a pixel's address cannot unsubscribe anybody. Tokens never expire,
because people click in old mails. A link carries its whole address under a signature, so following
it needs no look-up, and no address leads anywhere that we did not put into a mail ourselves.

What is no valid token gives None. The first octet is the version of the format.
"""

import base64
import binascii
import hmac
import re
import struct
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from typing import Final

KEY_PURPOSE: Final = "tracking"
"""What the installation's key is derived for (`SecretBox.derive`) to sign these tokens."""
MAX_LINK: Final = 2_000
"""Characters of an address that is put into a link; longer ones stay as they are."""

_VERSION: Final = 1
_HEAD: Final = struct.Struct(">BIQ")
_MAC_OCTETS: Final = 14
"""112 bits; with the head 27 octets, which base64 writes in 36 characters without padding."""
_LINK_MAC_OCTETS: Final = 12
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{36}\Z")
_LINK: Final = re.compile(r"[A-Za-z0-9_-]{17,}\Z")
_LINK_CONTEXT: Final = b"tayori link 1\0"


class Purpose(Enum):
    """What a token is for; the value goes into its signature."""

    OPEN = b"tayori open 1\0"
    CLICK = b"tayori click 1\0"
    UNSUBSCRIBE = b"tayori unsubscribe 1\0"


@dataclass(frozen=True, slots=True)
class Named:
    """A recipient by number, and the account's AppId (below 2 to the 32nd)."""

    app_id: int
    recipient_id: int


def encode(purpose: Purpose, named: Named, key: bytes) -> str:
    """Return the token: 36 characters of the URL-safe base64 alphabet (RFC 4648 5)."""
    return base64.urlsafe_b64encode(_signed(purpose, named, key)).decode("ascii")


def decode(purpose: Purpose, text: str, key: bytes) -> Named | None:
    """Return whom a token names; None unless it was made with this key for this purpose."""
    if not _TOKEN.match(text):
        return None
    return _believed(purpose, base64.urlsafe_b64decode(text), key)


def encode_link(app_id: int, url: str, key: bytes) -> str:
    """Return an address under a signature that is good for links of one account.

    The same for all recipients, so a template's links are made once.
    """
    octets = url.encode("utf-8", "surrogatepass")
    mac = _link_mac(app_id, octets, key)
    return base64.urlsafe_b64encode(mac + octets).rstrip(b"=").decode("ascii")


def decode_link(app_id: int, text: str, key: bytes) -> str | None:
    """Return the address as it stood in the mail; None unless this account's mail had it."""
    if not _LINK.match(text) or len(text) % 4 == 1:
        return None
    try:
        octets = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return None
    mac, url = octets[:_LINK_MAC_OCTETS], octets[_LINK_MAC_OCTETS:]
    if not hmac.compare_digest(mac, _link_mac(app_id, url, key)):
        return None
    return url.decode("utf-8", "surrogatepass")


def _signed(purpose: Purpose, named: Named, key: bytes) -> bytes:
    head = _HEAD.pack(_VERSION, named.app_id, named.recipient_id)
    return head + _mac(purpose, head, key)


def _believed(purpose: Purpose, octets: bytes, key: bytes) -> Named | None:
    head, mac = octets[: _HEAD.size], octets[_HEAD.size :]
    if not hmac.compare_digest(mac, _mac(purpose, head, key)):
        return None
    version, app_id, recipient_id = _HEAD.unpack(head)
    return Named(app_id, recipient_id) if version == _VERSION else None


def _mac(purpose: Purpose, head: bytes, key: bytes) -> bytes:
    return hmac.digest(key, purpose.value + head, sha256)[:_MAC_OCTETS]


def _link_mac(app_id: int, url: bytes, key: bytes) -> bytes:
    context = b"%b%d\0" % (_LINK_CONTEXT, app_id)
    return hmac.digest(key, context + url, sha256)[:_LINK_MAC_OCTETS]
