"""The listeners of SMTP submission and their certificate."""

import asyncio
import socket
from pathlib import Path

from tayori.accept.checks.size import LARGEST
from tayori.accept.door import Door
from tayori.catalog.senders import Senders
from tayori.catalog.smtp_password import SmtpPasswords
from tayori.config.tree import Settings
from tayori.db.database import Database
from tayori.edge.submission.backoff_store import BackoffStore
from tayori.edge.submission.certificate import Certificate, CertificateError
from tayori.edge.submission.handler import SubmissionHandler, Submissions
from tayori.edge.submission.logins import FREE, Logins
from tayori.edge.submission.rate import Rate
from tayori.mail.entity import MAX_HEAD, MAX_LINE
from tayori.reputation.permits import Permits
from tayori.runtime import log
from tayori.runtime.clock import Clock
from tayori.runtime.secrets import SecretBox
from tayori.smtp.handler import Connection, Handler, ServerSettings
from tayori.smtp.server import Server
from tayori.tenants.accounts import Accounts

MAX_RECIPIENTS = 50
MAX_MESSAGE = LARGEST * 78 // 57 + 4 * MAX_HEAD
"""Octets on the wire, as SIZE tells: 4 MB of content in base64 lines, and its headers."""
_LOOK_S = 10.0
"""Seconds between two looks at the certificate's files."""


class SubmissionServer:
    """Two listeners over the same shared state: STARTTLS, and TLS from the first octet."""

    def __init__(self, settings: Settings, shared: Submissions, certificate: Certificate) -> None:
        self._settings = settings
        self._shared = shared
        self._certificate = certificate
        self._servers: list[Server] = []
        self._timer: asyncio.TimerHandle | None = None
        self._log = log.get("submission")

    async def start(self, *, sock: socket.socket, implicit_tls: bool = False) -> tuple[str, int]:
        """Serve on a bound socket; return its address and port. Raises CertificateError, OSError.

        Called once for each listener.
        """
        server = Server(self._handler, self._server_settings(implicit_tls=implicit_tls))
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

    def _handler(self, connection: Connection) -> Handler:
        return SubmissionHandler(self._shared, connection)

    def _server_settings(self, *, implicit_tls: bool) -> ServerSettings:
        own = self._settings.submission
        return ServerSettings(
            host_name=self._settings.service.hostname,
            max_message_size=MAX_MESSAGE,
            max_recipients=MAX_RECIPIENTS,
            max_content_line=MAX_LINE,
            idle_s=own.idle_s,
            tls=self._certificate.load(),
            implicit_tls=implicit_tls,
            tls_required=True,
            auth=True,
            auth_required=True,
            auth_in_clear=own.allow_plain_auth,
            dsn=True,
        )

    def _look_later(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(_LOOK_S, self._look)

    def _look(self) -> None:
        self.renew_certificate()
        self._look_later()


def build_submission(
    settings: Settings,
    *,
    door: Door,
    senders: Senders,
    accounts: Accounts,
    clock: Clock,
    box: SecretBox,
    database: Database,
    permits: Permits,
    passwords: SmtpPasswords | None = None,
) -> SubmissionServer:
    """Put the server together; CertificateError when the settings of the certificate are wrong."""
    logins = Logins(
        senders=senders,
        passwords=passwords or SmtpPasswords(),
        failures=BackoffStore(database, clock, FREE),
        clock=clock,
        key=box.derive("remembered SMTP passwords"),
    )
    shared = Submissions(
        door=door,
        logins=logins,
        accounts=accounts,
        rate=Rate(permits, settings.policy.requests_per_second),
        clock=clock,
        connections_per_address=settings.submission.connections_per_address,
    )
    certificate = Certificate(
        settings.submission,
        data_dir=Path(settings.data_dir),
        host_name=settings.service.hostname,
        clock=clock,
    )
    return SubmissionServer(settings, shared, certificate)
