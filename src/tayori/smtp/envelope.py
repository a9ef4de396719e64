"""What goes into and comes out of the SMTP client, as values.

An `Envelope` that was built can be written to the wire without any risk of injection: an address
that could end a command line or close its path early is refused with ValueError.
"""

import re
from dataclasses import dataclass
from typing import Literal

from tayori.mail.outcome import Outcome
from tayori.mail.reply import Reply
from tayori.smtp.tls_fault import TlsFault

_MAILBOX = re.compile(
    r'(?:"(?:[^"\\\x00-\x1f\x7f\ud800-\udfff]|\\[^\x00-\x1f\x7f\ud800-\udfff])*"'
    r'|[^\x00-\x20\x7f<>"\\\ud800-\udfff]+)'
    r"@[^\x00-\x20\x7f<>\ud800-\udfff]+"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """The envelope of one mail (RFC 5321 2.3.1).

    Raises ValueError for an address that cannot be written safely, and for no recipients.
    """

    return_path: str
    """The reverse path without brackets; "" is the null sender."""
    recipients: tuple[str, ...]
    """Forward paths without brackets, at least one."""
    size: int
    """Octets of the content as it will travel, before dot-stuffing (RFC 1870 3)."""
    body: Literal["7BIT", "8BITMIME"] = "7BIT"
    """8BITMIME when the content has octets above 127 (RFC 6152)."""
    smtputf8: bool = False
    """True when headers need RFC 6531; addresses that need it are noticed without this."""
    require_tls: bool = False
    """The mail goes only to servers that keep REQUIRETLS themselves (RFC 8689)."""

    def __post_init__(self) -> None:
        """Refuse what could inject commands."""
        if self.return_path and not _MAILBOX.fullmatch(self.return_path):
            raise ValueError(f"return path cannot be written in an envelope: {self.return_path!r}")
        if not self.recipients:
            raise ValueError("an envelope needs at least one recipient")
        for recipient in self.recipients:
            if not _MAILBOX.fullmatch(recipient):
                raise ValueError(f"recipient cannot be written in an envelope: {recipient!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SendResult:
    """What became of one mail."""

    outcomes: tuple[Outcome, ...]
    """One per recipient, in the order of the envelope."""
    reply: Reply | None
    """The reply to the content; None when the conversation did not get there."""
    usable: bool
    """False when the connection is or will be closed: send nothing more on it."""
    started: bool
    """False when the mail never was under way (the connection had died before its first reply):
    then nothing was learnt about its recipients and the attempt need not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectFailure:
    """No session came about; `outcome` holds for every mail that waited for it."""

    outcome: Outcome
    """Scope CONNECTION. Kind PERMANENT only for the peer's own 5yz to greeting or hello, which
    speaks of this host: another MX may still accept."""
    tls_failed: bool = False
    """True when only TLS went wrong, so that a new connection in clear may work."""
    fault: TlsFault | None = None
    """What went wrong with TLS, where it was TLS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds to wait for each step; the defaults are the minima of RFC 5321 4.5.3.2."""

    connect_s: float = 30.0
    """TCP connection; the RFC gives none."""
    greeting_s: float = 300.0
    hello_s: float = 300.0
    tls_s: float = 120.0
    """STARTTLS and its handshake; the RFC gives none."""
    mail_s: float = 300.0
    rcpt_s: float = 300.0
    data_s: float = 120.0
    block_s: float = 180.0
    """Progress while content is being written."""
    final_s: float = 600.0
    """The reply after the final dot."""
    reset_s: float = 60.0
    quit_s: float = 10.0
