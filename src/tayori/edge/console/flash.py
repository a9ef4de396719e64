"""The message "The sender was made." and others that the next page shows after an action.

It travels in a cookie that is signed, so that nobody else's server can put words on our pages, and
is deleted by the page that shows it.
"""

import base64
import binascii
import hashlib
import hmac
from enum import StrEnum
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tayori.edge.console.visitor import COOKIE_PATH

_COOKIE: Final = "tayori_flash"
_LONGEST: Final = 600
"""Characters of a message; a cookie has room for 4,096 octets."""
_SECONDS: Final = 300


class Tone(StrEnum):
    """How a message is meant; the page shows an icon and a colour for each."""

    SUCCESS = "success"
    INFO = "info"
    WARNING = "warning"
    DANGER = "danger"


class Message(msgspec.Struct, frozen=True):
    """One message, in the visitor's language."""

    text: str
    tone: Tone = Tone.SUCCESS


class Flash:
    """Writes and reads the cookie; `key` signs it."""

    def __init__(self, key: bytes, *, secure: bool) -> None:
        self._key = key
        self._secure = secure

    def put(self, response: Response, message: Message) -> None:
        """Have the next page show the message."""
        cut = msgspec.structs.replace(message, text=message.text[:_LONGEST])
        body = base64.urlsafe_b64encode(msgspec.json.encode(cut)).decode()
        response.set_cookie(
            _COOKIE,
            f"{body}.{self._sign(body)}",
            max_age=_SECONDS,
            path=COOKIE_PATH,
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )

    def read(self, request: Request) -> Message | None:
        """Return the message that waits; None for a cookie that is not ours."""
        body, _, signature = request.cookies.get(_COOKIE, "").partition(".")
        if not body or not hmac.compare_digest(signature.encode(), self._sign(body).encode()):
            return None
        try:
            return msgspec.json.decode(base64.urlsafe_b64decode(body), type=Message)
        except (binascii.Error, msgspec.DecodeError):
            return None

    def drop(self, response: Response) -> None:
        """Delete the message, since it was shown."""
        response.delete_cookie(_COOKIE, path=COOKIE_PATH)

    def _sign(self, body: str) -> str:
        return hmac.new(self._key, b"flash\0" + body.encode(), hashlib.sha256).hexdigest()
