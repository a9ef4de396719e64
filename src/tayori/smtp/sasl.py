"""SASL PLAIN and LOGIN for the server's side (RFC 4954, 4616), as generators over decoded octets.

Each yields a challenge and is sent the client's response; it returns credentials or a refusal.
"""

import base64
import binascii
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import TypeAlias

from tayori.mail.reply import Reply
from tayori.smtp import replies

_PLAIN_PARTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a client proves itself with."""

    user: str
    password: str = field(repr=False)
    acts_for: str = ""
    """The authorization identity of PLAIN, "" when it is the user itself."""


Exchange: TypeAlias = Generator[bytes, bytes, Credentials | Reply]


def plain(initial: bytes | None) -> Exchange:
    """PLAIN: authorization identity, user and password between NULs (RFC 4616 2)."""
    response = initial if initial is not None else (yield b"")
    parts = response.split(b"\0")
    if len(parts) != _PLAIN_PARTS:
        return replies.AUTH_MALFORMED
    return _credentials(user=parts[1], password=parts[2], acts_for=parts[0])


def login(initial: bytes | None) -> Exchange:
    """LOGIN: user, then password, as asked for; an initial response is the user."""
    user = initial if initial is not None else (yield b"Username:")
    password = yield b"Password:"
    return _credentials(user=user, password=password, acts_for=b"")


MECHANISMS: dict[str, Callable[[bytes | None], Exchange]] = {"PLAIN": plain, "LOGIN": login}


def decode_response(line: bytes) -> bytes | Reply:
    """Decode a response line: base64, "=" for an empty one, "*" for giving up."""
    if line == b"*":
        return replies.AUTH_CANCELLED
    if line == b"=":
        return b""
    try:
        return base64.b64decode(line, validate=True)
    except binascii.Error:
        return replies.AUTH_MALFORMED


def challenge_reply(challenge: bytes) -> Reply:
    """Return the reply that asks for a response."""
    return replies.CHALLENGE.of(base64.b64encode(challenge).decode("ascii"))


def _credentials(*, user: bytes, password: bytes, acts_for: bytes) -> Credentials | Reply:
    try:
        credentials = Credentials(
            user=user.decode(), password=password.decode(), acts_for=acts_for.decode()
        )
    except UnicodeDecodeError:
        return replies.AUTH_MALFORMED
    if not credentials.user or not credentials.password or "\0" in user.decode():
        return replies.NO_AUTHENTICATION
    return credentials
