"""An SMTP server: listening sockets, the connections behind them, and a graceful end."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from dataclasses import replace

from tayori.smtp.handler import Connection, Handler, ServerSettings
from tayori.smtp.server_gate import ServerGate
from tayori.smtp.server_session import ServerSession


class Server:
    """Accepts connections; `handler` makes one Handler for each.

    One server has one role; several roles (25, 465, 587) are several servers.
    """

    def __init__(self, handler: Callable[[Connection], Handler], settings: ServerSettings) -> None:
        self._handler = handler
        self._settings = settings
        self._listeners: list[asyncio.Server] = []
        self._sessions: set[ServerGate] = set()
        self._empty = asyncio.Event()
        self._empty.set()
        self._draining = False

    @property
    def connections(self) -> int:
        """Return how many connections are open or still being answered."""
        return len(self._sessions)

    async def start(self, host: str, port: int, *, backlog: int = 1024) -> tuple[str, int]:
        """Listen; return address and port that were bound (port 0 = any). Raises OSError.

        May be called more than once for several addresses.
        """
        loop = asyncio.get_running_loop()
        listener = await loop.create_server(self._session, host, port, backlog=backlog)
        return self._listening(listener)

    async def start_on(self, bound: socket.socket, *, backlog: int = 1024) -> tuple[str, int]:
        """Listen on a socket that is bound already; return its address and port."""
        loop = asyncio.get_running_loop()
        return self._listening(await loop.create_server(self._session, sock=bound, backlog=backlog))

    def _listening(self, listener: asyncio.Server) -> tuple[str, int]:
        self._listeners.append(listener)
        name = listener.sockets[0].getsockname()
        return str(name[0]), int(name[1])

    def renew_tls(self, context: ssl.SSLContext) -> None:
        """Use another certificate from the next connection on."""
        self._settings = replace(self._settings, tls=context)

    async def stop(self, *, grace_s: float = 10.0) -> None:
        """Take no more; let transactions under way end, say 421, and cut what remains."""
        self._draining = True
        for listener in self._listeners:
            listener.close()
        for session in tuple(self._sessions):
            session.drain()
        try:
            async with asyncio.timeout(grace_s):
                await self._empty.wait()
        except TimeoutError:
            for session in tuple(self._sessions):
                session.abort()
        for listener in self._listeners:
            await listener.wait_closed()
        self._listeners.clear()

    def _session(self) -> ServerSession:
        return ServerSession(asyncio.get_running_loop(), self._settings, self._handler, self)

    def enter(self, session: ServerGate) -> bool:
        """Count a new connection; False when there are too many (for ServerSession only)."""
        self._sessions.add(session)
        self._empty.clear()
        return not self._draining and len(self._sessions) <= self._settings.max_connections

    def leave(self, session: ServerGate) -> None:
        """Forget a connection that has ended (for ServerSession only)."""
        self._sessions.discard(session)
        if not self._sessions:
            self._empty.set()
