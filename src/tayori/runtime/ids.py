"""Identifiers that outsiders see. Randomness is passed in, so tests can repeat it."""

import base64
import random
import secrets
import string
import uuid
from datetime import tzinfo
from functools import lru_cache

from tayori.runtime.clock import SECOND, local

_ALPHANUMERIC = string.ascii_letters + string.digits
_LOWER_CASE = string.ascii_lowercase + string.digits


class Ids:
    """Makes identifiers from one source of randomness (the system's by default)."""

    def __init__(self, source: random.Random | None = None) -> None:
        self._random = source or secrets.SystemRandom()

    def request_id(self) -> str:
        """Return a lower-case UUID, as every API answer carries one."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def alphanumeric(self, length: int) -> str:
        """Return `length` random characters of A-Z, a-z, 0-9."""
        # One draw of 64 bits more than needed: cheaper than a draw for each character, and the
        # remainder prefers no character by more than one part in 2**64.
        number = self._random.getrandbits(6 * length + 64)
        characters = []
        for _ in range(length):
            number, index = divmod(number, len(_ALPHANUMERIC))
            characters.append(_ALPHANUMERIC[index])
        return "".join(characters)

    def token(self) -> str:
        """Return 256 random bits as 43 characters of A-Z, a-z, 0-9, - and _ (RFC 4648 5)."""
        return base64.urlsafe_b64encode(self.octets(32)).decode().rstrip("=")

    def octets(self, count: int) -> bytes:
        """Return random octets."""
        return self._random.getrandbits(8 * count).to_bytes(count)

    def lower_case(self, length: int) -> str:
        """Return `length` random characters of a-z, 0-9, for what may be written in any case."""
        return "".join(self._random.choice(_LOWER_CASE) for _ in range(length))

    def message_id(self, app_id: int, at: int, zone: tzinfo) -> str:
        """Return a MessageId in the shape that clients parse.

        `qcloudses-30-<appid>-date-<YYYYMMDDhhmmss in the service's zone>-<13 alphanumerics>`.
        """
        stamp = _stamp(at // SECOND, zone)
        return f"qcloudses-30-{app_id}-date-{stamp}-{self.alphanumeric(13)}"


@lru_cache(maxsize=16)
def _stamp(second: int, zone: tzinfo) -> str:
    """Return date and time; the mails of a second share it."""
    return local(second * SECOND, zone).strftime("%Y%m%d%H%M%S")
