"""One HTTP request as the API sees it, taken from the server with bounds on its size."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tayori.edge.clients import Network, client_address

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Scope = MutableMapping[str, Any]

MAX_QUERY: Final = 32 * 1024
MAX_FORM: Final = 1024 * 1024
MAX_BODY: Final = 10 * 1024 * 1024
MAX_DRAINED: Final = 4 * MAX_BODY
"""Octets of an oversize body that are read and dropped, so that the client sees the answer."""


class ClientGoneError(Exception):
    """The client closed its connection before the whole request had come."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request whose body has not been read; header names are in lower case, the last one wins."""

    method: str
    query: bytes
    headers: Mapping[bytes, bytes] = field(repr=False)
    client: str

    @property
    def authorization(self) -> bytes:
        """Return the Authorization header, or b""."""
        return self.headers.get(b"authorization", b"")

    @property
    def content_type(self) -> bytes:
        """Return the Content-Type header as sent, or b""."""
        return self.headers.get(b"content-type", b"")

    @property
    def media_type(self) -> bytes:
        """Return the Content-Type in lower case without its parameters."""
        return self.content_type.partition(b";")[0].strip().lower()

    def header(self, name: bytes) -> str:
        """Return a header as text, "" when it is absent."""
        return self.headers.get(name, b"").decode("latin-1")


def incoming(scope: Scope, proxies: Sequence[Network]) -> Incoming:
    """Return the request of an ASGI scope; `proxies` are those whose word is believed."""
    headers = dict(scope["headers"])
    peer = scope.get("client") or ("", 0)
    client = peer[0]
    if proxies:
        client = client_address(client, headers.get(b"x-forwarded-for", b""), proxies)
    return Incoming(scope["method"], scope["query_string"], headers, client)


async def read_body(receive: Receive, most: int) -> bytes | None:
    """Return the body, or None when it is larger than `most` octets.

    A larger body is still received up to MAX_DRAINED and thrown away: a client that is cut off
    while it writes would not see the answer that explains. ClientGoneError when it ends too early.
    """
    body, more = await _piece(receive)
    if not more:
        return body if len(body) <= most else None
    pieces, size = [body], len(body)
    while more and size <= MAX_DRAINED:
        piece, more = await _piece(receive)
        size += len(piece)
        if size <= most:
            pieces.append(piece)
        else:
            pieces.clear()
    return b"".join(pieces) if size <= most else None


async def _piece(receive: Receive) -> tuple[bytes, bool]:
    """Return the next octets of the body, and whether more will come."""
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientGoneError
    return message.get("body", b""), message.get("more_body", False)
