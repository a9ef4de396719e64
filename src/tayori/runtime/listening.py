"""Listening sockets: bound once, before anything else starts, and handed to whoever serves them.

Binding first means that an address in use stops the program before it touches any data, and that a
restarted process finds the connections that arrived in between waiting in its socket.
"""

import contextlib
import socket

from tayori.runtime.trouble import Trouble

BACKLOG = 2_048


class ListenError(Trouble):
    """An address cannot be listened on; the message names it and says what to do."""


def parse_listen(text: str) -> tuple[str, int]:
    """Return host and port of `host:port` or `[v6]:port`; ListenError."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdecimal() or int(port) > 65535:  # noqa: PLR2004 - ports have 16 bits
        raise ListenError(f"The listen address {text!r} is not host:port, such as 127.0.0.1:8025.")
    return host.removeprefix("[").removesuffix("]"), int(port)


def bind(text: str, setting: str, *, copies: int = 1) -> list[socket.socket]:
    """Return listening sockets of one address, among which the system shares connections out.

    `setting` is the setting's name for the error's sentence; ListenError.
    """
    host, port = parse_listen(text)
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        bound = [socket.create_server((host, port), family=family, backlog=BACKLOG)]
        if copies > 1:
            bound = _shared(bound[0], family, copies)
    except OSError as error:
        raise ListenError(
            f"{setting} = {text} cannot be listened on: {error.strerror}. "
            "Choose another address, or stop what holds this one."
        ) from error
    for each in bound:
        each.setblocking(False)
    return bound


def _shared(alone: socket.socket, family: int, copies: int) -> list[socket.socket]:
    """Return sockets at the place of one, which was bound alone to be sure that nobody else is."""
    host, port = alone.getsockname()[:2]
    alone.close()
    with contextlib.ExitStack() as stack:
        bound = [
            stack.enter_context(
                socket.create_server((host, port), family=family, backlog=BACKLOG, reuse_port=True)
            )
            for _ in range(copies)
        ]
        stack.pop_all()
        return bound


def address_of(bound: socket.socket) -> str:
    """Return `host:port` of a bound socket, with brackets around IPv6."""
    host, port = bound.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
