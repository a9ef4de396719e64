"""Listening sockets: bound once, before anything else starts, and handed to whoever serves them.

Binding first means that an address in use stops the program before it touches any data, and that a
restarted process finds the connections that arrived in between waiting in its socket.
"""

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


def bind(text: str, setting: str) -> socket.socket:
    """Return a listening socket; `setting` is the setting's name for the error's sentence."""
    host, port = parse_listen(text)
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        bound = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise ListenError(
            f"{setting} = {text} cannot be listened on: {error.strerror}. "
            "Choose another address, or stop what holds this one."
        ) from error
    bound.setblocking(False)
    return bound


def address_of(bound: socket.socket) -> str:
    """Return `host:port` of a bound socket, with brackets around IPv6."""
    host, port = bound.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
