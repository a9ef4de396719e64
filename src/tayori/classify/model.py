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
    FAIL = "fail"
    FAIL_AND_BLACKLIST = "fail_and_blacklist"
    SWITCH_SOURCE = "switch_source"
    PAUSE_SENDER = "pause_sender"
    STOP_TASK = "stop_task"
    TELL_OPERATOR = "tell_operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A class, an action, and the rule that decided."""

    bounce_class: BounceClass
    action: Action
    rule: str
