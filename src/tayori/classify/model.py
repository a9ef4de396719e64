"""The closed vocabularies of classification, as `tayori explain-reply` shows them."""

from dataclasses import dataclass
from enum import StrEnum


class BounceClass(StrEnum):
    """What a refusal was about."""

    UNKNOWN_USER = "unknown_user"
    """The mailbox does not exist."""
    INACTIVE = "inactive"
    """The mailbox exists and is disabled."""
    MAILBOX_FULL = "mailbox_full"
    """The mailbox has no room."""
    MOVED = "moved"
    """The recipient has another address now."""
    RATE_LIMITED = "rate_limited"
    """We send too much at once for this receiver."""
    GREYLISTED = "greylisted"
    """A first contact is asked to come back later."""
    REPUTATION = "reputation"
    """Our address or domain has a poor name there."""
    CONTENT = "content"
    """The content looks like spam or malware to the receiver."""
    AUTHENTICATION = "authentication"
    """SPF, DKIM or DMARC did not satisfy the receiver."""
    POLICY = "policy"
    """A rule of the receiver forbids the mail."""
    RELAY_DENIED = "relay_denied"
    """The server does not accept mail for this domain."""
    DNS = "dns"
    """The domain's records lead nowhere."""
    NETWORK = "network"
    """No connection, or it broke."""
    TLS = "tls"
    """No secure connection where one is required."""
    TOO_LARGE = "too_large"
    """The mail exceeds what the receiver takes."""
    PROTOCOL = "protocol"
    """The two servers did not understand each other."""
    LOOP = "loop"
    """The mail goes round in circles."""
    EXPIRED = "expired"
    """It stayed undeliverable until its lifetime ended."""
    SYSTEM = "system"
    """The receiver has trouble of its own."""
    OTHER = "other"
    """None of the above is certain."""


class Action(StrEnum):
    """What to do about it, apart from the class."""

    DEFER = "defer"
    """Try again later, whatever the reply code says."""
    FAIL = "fail"
    """End it; the address may be written to again."""
    FAIL_AND_BLACKLIST = "fail_and_blacklist"
    """End it; the receiver says that there is no such recipient."""
    SWITCH_SOURCE = "switch_source"
    """This address of ours is refused: another one may do."""
    PAUSE_SENDER = "pause_sender"
    """Whoever `Verdict.about` names should leave this provider alone for a while."""
    STOP_TASK = "stop_task"
    """The content is refused: the rest of its bulk task would be, too."""
    TELL_OPERATOR = "tell_operator"
    """Something about our installation has to be put right by a person."""


class About(StrEnum):
    """Whose doing a refusal speaks of; reactions slow down or pause just that."""

    ADDRESS = "address"
    """The IP address that we send from."""
    DOMAIN = "domain"
    """The domain of the sender."""
    SENDER = "sender"
    """The address of the sender."""
    RECIPIENT = "recipient"
    """The mailbox that we write to."""
    CONNECTION = "connection"
    """The number of connections, or the mails of this one."""
    CONTENT = "content"
    """What the mail says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A class, an action, and the rule that decided.

    `provider` is the one whose rule it was, "" for a general rule. `retry_s` is how many seconds to
    wait, as the receiver or the rule asks, None when neither does. `understood` is false when
    nothing but the reply code was of use, so that the text is worth an operator's look.
    """

    bounce_class: BounceClass
    action: Action
    rule: str
    provider: str = ""
    about: About | None = None
    retry_s: float | None = None
    understood: bool = True
