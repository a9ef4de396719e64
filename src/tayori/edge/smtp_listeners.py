"""SMTP listeners of one role with one certificate, read again when its files change."""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import replace

from tayori.edge.certificate import Certificate, CertificateError
from tayori.edge.connection_counts import ConnectionCounts
from tayori.runtime import log
from tayori.smtp.handler import Connection, Handler, ServerSettings
from tayori.smtp.server import Server

_LOOK_S = 10.0
"""Seconds between two looks at the certificate's files."""


class SmtpListeners:
    """Any number of listeners; `handler` makes one Handler for each connection."""

    def __init__(
        self,
        role: str,
        certificate: Certificate,
        *,
        handler: Callable[[Connection], Handler],
        settings: ServerSettings,
        connections: ConnectionCounts,
    ) -> None:
        self._certificate = certificate
        self._handler = handler
        self._settings = settings
        self._connections = connections
        self._servers: list[Server] = []
        self._timer: asyncio.TimerHandle | None = None
        self._log = log.get(role)

    async def start(self, *, sock: socket.socket, implicit_tls: bool = False) -> tuple[str, int]:
        """Serve on a bound socket; return its address and port. Raises CertificateError, OSError.

        Called once for each listener.
        """
        settings = replace(self._settings, tls=self._certificate.load(), implicit_tls=implicit_tls)
        server = Server(self._handler, settings)
        address = await server.start_on(sock)
        self._servers.append(server)
        if self._timer is None:
            self._look_later()
        return address

    async def stop(self, *, grace_s: float = 10.0) -> None:
        """Take no more; mails under way are answered within the grace."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        await asyncio.gather(*(server.stop(grace_s=grace_s) for server in self._servers))
        self._servers.clear()
        self._connections.close()

    @property
    def connections(self) -> int:
        """Return how many connections are open."""
        return sum(server.connections for server in self._servers)

    def renew_certificate(self) -> bool:
        """Read the certificate's files again if they changed; True when another one is in use."""
        if not self._certificate.changed():
            return False
        try:
            context = self._certificate.load()
        except CertificateError as error:
            self._log.warning("certificate_unusable", reason=str(error))
            return False
        for server in self._servers:
            server.renew_tls(context)
        self._log.info("certificate_renewed")
        return True

    def _look_later(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(_LOOK_S, self._look)

    def _look(self) -> None:
        self.renew_certificate()
        self._look_later()
