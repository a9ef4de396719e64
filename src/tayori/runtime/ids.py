"""Identifiers that outsiders see. Randomness is passed in, so tests can repeat it."""

import base64
import os
import random
import secrets
import string
from datetime import tzinfo
from functools import lru_cache

from tayori.runtime.clock import SECOND, local

_ALPHANUMERIC = string.ascii_letters + string.digits
_LOWER_CASE = string.ascii_lowercase + string.digits
_NOT_TOLD = ~(0xF000 << 64 | 0xC000 << 48)
_VERSION_4 = 0x4000 << 64 | 0x8000 << 48
"""What the version and the variant of a random UUID are (RFC 9562 5.4)."""
_PIECE = 32
_PIECES = 64


class _Prefetched(secrets.SystemRandom):
    """The system's randomness, asked for many numbers at a time; each octet is used once.

    Short numbers are needed several times a mail, and each question costs a system call.
    """

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []
        # Two processes that came from one must not continue with the same octets.
        os.register_at_fork(after_in_child=self._pieces.clear)

    def getrandbits(self, k: int) -> int:
        """Return an integer of `k` random bits."""
        if k > 8 * _PIECE:
            return super().getrandbits(k)
        try:
            piece = self._pieces.pop()
        except IndexError:
            octets = os.urandom(_PIECE * _PIECES)
            piece = octets[:_PIECE]
            self._pieces += [
                octets[place : place + _PIECE] for place in range(_PIECE, len(octets), _PIECE)
            ]
        return int.from_bytes(piece) >> (8 * _PIECE - k)


class Ids:
    """Makes identifiers from one source of randomness (the system's by default)."""

    def __init__(self, source: random.Random | None = None) -> None:
        self._random = source or _Prefetched()

    def request_id(self) -> str:
        """Return a lower-case UUID, as every API answer carries one."""
        bits = self._random.getrandbits(128) & _NOT_TOLD | _VERSION_4
        text = f"{bits:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

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
