"""What an edge hands to the door: a mail as a value, decoded from its protocol, not yet judged."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tayori.accept.idempotency import Token
from tayori.catalog.tracking_model import Switches
from tayori.mail.address import Address, Mailbox
from tayori.reputation.model import Towards
from tayori.tenants.model import Account


class Source(StrEnum):
    """The way by which a mail came in."""

    API = "api"
    SMTP = "smtp"
    CONSOLE = "console"
    BULK = "bulk"
    FORWARD = "forward"
    """Mail to the account's domain, on its way to where the account wants it."""
    NOTICE = "notice"
    """A mail of the service itself to one of its users."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmittedAttachment:
    """A file with its decoded content."""

    file_name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RawMail:
    """A whole mail as it came, and what is neither text nor attachment in it, as inline images."""

    octets: bytes = field(repr=False)
    other_size: int = 0
    """Octets of those parts, decoded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One mail that an account wants sent.

    Content is a template with values, or own `html` and `text`; None means not given.
    `rfc_message_id` carries its angle brackets; "" lets the door make one.

    With `raw` the mail goes out as it came: `html`, `text` and `attachments` are what was read in
    it, for the checks; `to` is the envelope, since its header names the addressees by itself; and
    of `headers` only those for callbacks count.
    """

    account: Account
    source: Source
    sender: Mailbox
    subject: str
    to: tuple[Mailbox, ...] = ()
    cc: tuple[Mailbox, ...] = ()
    bcc: tuple[Mailbox, ...] = ()
    reply_to: tuple[Mailbox, ...] = ()
    header_from: Mailbox | None = None
    template_id: int | None = None
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    html: str | None = field(default=None, repr=False)
    text: str | None = field(default=None, repr=False)
    attachments: tuple[SubmittedAttachment, ...] = ()
    raw: RawMail | None = None
    login: Address | None = None
    """The sender whose password proved who sends; None where a credential of the account did."""
    tag: str = ""
    """The account's own name for a kind of mail, "" for none."""
    trigger: bool = False
    unsubscribe: str = ""
    """The footer's language, "0" for none; "" leaves it to the sender's setting."""
    tracking: Switches | None = None
    """What the request wants tracked; None leaves it to the settings."""
    tls: str = ""
    """What the sender asks (RFC 8689): "require", "optional", or "" for nothing."""
    rfc_message_id: str = ""
    task_id: int | None = None
    """The bulk task that wants it sent."""
    towards: Towards | None = None
    """Of a bulk mail, what its provider may get in this hour; None for no such limit."""
    headers: tuple[tuple[str, str], ...] = ()
    token: Token | None = None
    """What makes a repeated submission known as such."""

    @property
    def own_content(self) -> bool:
        """Tell whether it brings content of its own."""
        return self.html is not None or self.text is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The door's yes, given after the commit; `message_id` is the API's MessageId.

    `repeated` tells that the mail was taken before, by a submission with the same token.
    """

    message_id: str
    repeated: bool = False
