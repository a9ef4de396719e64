"""The certificate of all SMTP listeners: the operator's files, or one of our own at first start.

Files that change are read again without a restart; files that cannot be used then leave the old
certificate in place.
"""

import datetime as dt
import fcntl
import ssl
from pathlib import Path

from tayori.config.tree import Settings, SubmissionSettings
from tayori.runtime.clock import Clock
from tayori.runtime.trouble import Trouble
from tayori.smtp.tls import server_context, write_self_signed

_VERSIONS = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}


class CertificateError(Trouble):
    """The certificate cannot be used; the message names the setting and says what to do."""


class Certificate:
    """The files, and when they were read last."""

    def __init__(
        self, settings: SubmissionSettings, *, data_dir: Path, host_name: str, clock: Clock
    ) -> None:
        if bool(settings.cert_file) != bool(settings.key_file):
            raise CertificateError(
                "submission.cert_file and submission.key_file belong together: set both or none."
            )
        self._own = not settings.cert_file
        self._cert = Path(settings.cert_file or data_dir / "tls" / "submission.pem")
        self._key = Path(settings.key_file or data_dir / "tls" / "submission.key")
        self._minimum = _VERSIONS[settings.minimum_tls]
        self._host_name = host_name
        self._clock = clock
        self._seen: tuple[tuple[int, int, int], ...] = ()

    @classmethod
    def of(cls, settings: Settings, clock: Clock) -> "Certificate":
        """Return the certificate of the settings, which all SMTP listeners share."""
        return cls(
            settings.submission,
            data_dir=Path(settings.data_dir),
            host_name=settings.service.hostname,
            clock=clock,
        )

    def load(self) -> ssl.SSLContext:
        """Return the context of the files as they are now, making our own first; raises."""
        if self._own:
            self._make_once()
        self._seen = self._state()
        try:
            context = server_context(self._cert, self._key, minimum=self._minimum)
        except (OSError, ValueError) as error:
            raise CertificateError(
                f"The certificate {self._cert} with the key {self._key} cannot be used: {error}. "
                "See submission.cert_file and submission.key_file."
            ) from error
        if self._minimum < ssl.TLSVersion.TLSv1_2:
            # OpenSSL refuses the old versions at its default level.
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
        return context

    def _make_once(self) -> None:
        self._cert.parent.mkdir(parents=True, exist_ok=True)
        with (self._cert.parent / "making.lock").open("w") as lock:
            # Processes that start together must not each write half of a pair.
            fcntl.flock(lock, fcntl.LOCK_EX)
            if self._cert.exists() and self._key.exists():
                return
            now = dt.datetime.fromtimestamp(self._clock.now() / 1000, dt.UTC)
            write_self_signed(self._host_name, cert_file=self._cert, key_file=self._key, now=now)

    def changed(self) -> bool:
        """Tell whether the files are others than those read last."""
        return self._state() not in {(), self._seen}

    def _state(self) -> tuple[tuple[int, int, int], ...]:
        try:
            found = [path.stat() for path in (self._cert, self._key)]
        except OSError:
            return ()
        return tuple((stat.st_mtime_ns, stat.st_size, stat.st_ino) for stat in found)
