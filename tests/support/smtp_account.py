"""What a person types into a mail program to send by a service."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpAccount:
    """One sender with its password, and where the service listens on `localhost`."""

    port: int
    """STARTTLS."""
    tls_port: int
    """TLS from the first octet."""
    user: str
    password: str
    ca_file: Path
    """The certificate to trust; nothing else is."""
    folder: Path
    """An empty folder for the client's files."""
