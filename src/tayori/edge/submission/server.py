"""The listeners of SMTP submission, put together."""

from tayori.accept.checks.size import LARGEST
from tayori.accept.door import Door
from tayori.catalog.senders import Senders
from tayori.config.tree import Settings
from tayori.db.database import Database
from tayori.edge.certificate import Certificate
from tayori.edge.connection_counts import ConnectionCounts
from tayori.edge.smtp_listeners import SmtpListeners
from tayori.edge.submission.handler import SubmissionHandler, Submissions
from tayori.edge.submission.logins import FREE, Logins
from tayori.edge.submission.rate import Rate
from tayori.mail.entity import MAX_HEAD, MAX_LINE
from tayori.reputation.backoff_store import BackoffStore
from tayori.reputation.permits import Permits
from tayori.runtime.clock import Clock
from tayori.runtime.password_hash import PasswordHashes
from tayori.runtime.secrets import SecretBox
from tayori.smtp.handler import ServerSettings
from tayori.tenants.accounts import Accounts
from tayori.tenants.limits import PolicyOf

MAX_RECIPIENTS = 50
MAX_MESSAGE = LARGEST * 78 // 57 + 4 * MAX_HEAD
"""Octets on the wire, as SIZE tells: 4 MB of content in base64 lines, and its headers."""


class SubmissionServer(SmtpListeners):
    """Two listeners over the same shared state: STARTTLS, and TLS from the first octet."""

    def __init__(self, settings: Settings, shared: Submissions, certificate: Certificate) -> None:
        super().__init__(
            "submission",
            certificate,
            handler=lambda connection: SubmissionHandler(shared, connection),
            settings=_server_settings(settings),
            connections=shared.connections,
        )


def _server_settings(settings: Settings) -> ServerSettings:
    own = settings.submission
    return ServerSettings(
        host_name=settings.service.hostname,
        max_message_size=MAX_MESSAGE,
        max_recipients=MAX_RECIPIENTS,
        max_content_line=MAX_LINE,
        idle_s=own.idle_s,
        tls_required=True,
        auth=True,
        auth_required=True,
        auth_in_clear=own.allow_plain_auth,
        dsn=True,
        requiretls=True,
    )


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
    passwords: PasswordHashes | None = None,
    limits: PolicyOf | None = None,
) -> SubmissionServer:
    """Put the server together; CertificateError when the settings of the certificate are wrong."""
    logins = Logins(
        senders=senders,
        passwords=passwords or PasswordHashes(),
        failures=BackoffStore(database, clock, FREE),
        clock=clock,
        key=box.derive("remembered SMTP passwords"),
    )
    shared = Submissions(
        door=door,
        logins=logins,
        accounts=accounts,
        rate=Rate(permits, settings.policy.requests_per_second, limits),
        clock=clock,
        connections=ConnectionCounts.of(settings, "submission", box),
        connections_per_address=settings.submission.connections_per_address,
    )
    return SubmissionServer(settings, shared, Certificate.of(settings, clock))
