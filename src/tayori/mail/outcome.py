"""The outcome of one attempt for one recipient, as a value.

The unknown is temporary: only a peer's own 5yz, a null MX, or a domain that does not exist make an
outcome permanent. `detail` is for logs and operators and never reaches the wire.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from tayori.mail.reply import Reply
from tayori.mail.transcript import Note
from tayori.refusal.saying import NOTHING, Saying


class Kind(StrEnum):
    """What an attempt came to."""

    DELIVERED = "delivered"
    """The receiver took responsibility (2yz after the final dot)."""
    TEMPORARY = "temporary"
    """Nothing was delivered; a later attempt may succeed."""
    PERMANENT = "permanent"
    """Nothing was delivered and repeating the same cannot help."""
    UNKNOWN = "unknown"
    """The content went out completely and no reply came: it may have been delivered."""


class Scope(StrEnum):
    """What the outcome speaks about."""

    RECIPIENT = "recipient"
    MESSAGE = "message"
    CONNECTION = "connection"
    SITE = "site"


class Stage(StrEnum):
    """Where in the conversation the outcome arose."""

    DNS = "dns"
    CONNECT = "connect"
    GREETING = "greeting"
    HELLO = "hello"
    TLS = "tls"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    CONTENT = "content"
    ENGINE = "engine"
    """Our own decision, such as expiry; never mistaken for the peer's words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One recipient's outcome; `reply` is the peer's, or None when the peer said nothing."""

    kind: Kind
    scope: Scope
    stage: Stage
    reply: Reply | None = None
    said: Saying = NOTHING
    """What a reply of our own says, `NOTHING` where the peer speaks."""
    detail: str = ""
    peer_host: str = ""
    """The MX host name that was tried."""
    peer_address: str = ""
    """Its address, without port."""
    tls: str = ""
    """Protocol and cipher in use, for example "TLSv1.3 TLS_AES_256_GCM_SHA384"; "" for clear."""
    started_at: int = 0
    """Milliseconds since the epoch."""
    ended_at: int = 0
    conversation: Sequence[Note] = field(default=(), compare=False, repr=False)
    """What was said until then, the opening included on a new connection."""
