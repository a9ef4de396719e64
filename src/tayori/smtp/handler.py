"""What a server asks of the part that uses it: one `Handler` per connection, answering in replies.

The server keeps the protocol (order, syntax, limits, TLS, content); the handler decides. Each
answer is a `Reply` at once or an awaitable of one; while it is awaited the connection reads no
further command. A handler that raises makes the server say 451 and report the exception to the
event loop. The server never cancels an answer: what a handler began to store it can finish.
"""

import ssl
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeAlias

from tayori.mail.reply import Reply
from tayori.smtp.commands import MailFrom, RcptTo
from tayori.smtp.replies import NO_AUTHENTICATION
from tayori.smtp.sasl import Credentials

Answer: TypeAlias = Reply | Awaitable[Reply]

OK = Reply(250, "2.0.0", ("OK",))
SENDER_OK = Reply(250, "2.1.0", ("Sender OK",))
RECIPIENT_OK = Reply(250, "2.1.5", ("Recipient OK",))
ACCEPTED = Reply(250, "2.0.0", ("Message accepted",))


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """One server's role and limits. Sizes in octets, durations in seconds."""

    host_name: str
    """Our name in greeting and EHLO."""
    max_message_size: int = 32 * 1024 * 1024
    max_recipients: int = 1000
    max_line: int = 2048
    """Of a command, its CRLF included (RFC 5321 4.5.3.1.4 asks for 512, parameters need more)."""
    max_content_line: int = 0
    """Of content, CRLF not counted; 0 = any length (RFC 5321 4.5.3.1.6 says 998)."""
    max_errors: int = 20
    """Replies of 5yz since the last accepted message, then 421."""
    max_commands: int = 1000
    """Commands other than RCPT since the last accepted message, then 421."""
    max_connections: int = 1000
    max_auth_failures: int = 3
    idle_s: float = 300.0
    """Without an octet from the client (RFC 5321 4.5.3.2.7)."""
    content_s: float = 1800.0
    """For the whole content of one message, however steadily it drips."""
    tls: ssl.SSLContext | None = None
    implicit_tls: bool = False
    """TLS from the first octet (RFC 8314) instead of STARTTLS."""
    tls_required: bool = False
    """Refuse MAIL and AUTH in clear (530 5.7.0)."""
    auth: bool = False
    """Offer AUTH PLAIN and LOGIN (RFC 4954)."""
    auth_required: bool = False
    """Refuse MAIL before AUTH (530 5.7.0)."""
    auth_in_clear: bool = False
    """Offer AUTH without TLS as well, to clients on loopback only."""
    smtputf8: bool = True
    chunking: bool = True
    dsn: bool = False
    requiretls: bool = False
    """Offer REQUIRETLS over TLS (RFC 8689); the handler then keeps it."""


@dataclass(slots=True, kw_only=True)
class Connection:
    """What is known of a client; kept up to date by the server, only read by handlers."""

    peer_address: str
    peer_port: int
    local_address: str
    local_port: int
    tls: str = ""
    """Protocol and cipher, "" in clear."""
    helo: str = ""
    """The name the client gave, "" before it did and again after STARTTLS."""
    extended: bool = False
    """True after EHLO, False after HELO."""
    user: str = ""
    """Who has authenticated, "" for nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """The envelope of a received message."""

    mail: MailFrom
    recipients: tuple[RcptTo, ...]
    """Those that the handler accepted, in order; at least one."""


class Handler:
    """Decides on one connection. This one accepts everything and authenticates nobody."""

    def connect(self, connection: Connection) -> Answer | None:
        """Greet: None for the usual 220; a 4yz or 5yz ends the connection."""
        _ = connection
        return None

    def helo(self, connection: Connection) -> Answer | None:
        """Answer EHLO or HELO: None for the usual reply."""
        _ = connection
        return None

    def auth(self, credentials: Credentials) -> Answer:
        """Judge a user and password: 235 or a refusal."""
        _ = credentials
        return NO_AUTHENTICATION

    def mail(self, mail: MailFrom) -> Answer:
        """Judge the sender; a new transaction begins with a 2yz."""
        _ = mail
        return SENDER_OK

    def rcpt(self, mail: MailFrom, rcpt: RcptTo) -> Answer:
        """Judge one recipient."""
        _ = mail, rcpt
        return RECIPIENT_OK

    def data(self, received: Received, content: bytes) -> Answer:
        """Take the message; a 2yz takes over responsibility for it.

        `content` has CRLF line ends only and ends with one unless empty; dots are unstuffed.
        """
        _ = received, content
        return ACCEPTED

    def reset(self) -> None:
        """Forget the transaction: RSET, a new hello, STARTTLS, a refused message, or its end."""

    def disconnect(self) -> None:
        """Let go; called once, whoever closed. An answer may still be awaited."""
