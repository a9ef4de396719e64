"""What a mail that came back says, as values."""

from dataclasses import dataclass
from enum import StrEnum

from tayori.classify.model import Action, BounceClass


class ReturnKind(StrEnum):
    """What kind of word on a recipient it is."""

    BOUNCE = "bounce"
    """A server gave the mail up."""
    DELAYED = "delayed"
    """A server still tries."""
    DELIVERED = "delivered"
    """A server handed it on or delivered it."""
    COMPLAINT = "complaint"
    """The recipient calls it spam."""
    AUTO_REPLY = "auto_reply"
    """A program answers for the recipient; neither a bounce nor a wish to hear no more."""
    UNSUBSCRIBE = "unsubscribe"
    """The recipient wants no more mail."""
    REPORT = "report"
    """A summary about a domain (DMARC, TLS), or feedback that is no complaint."""
    UNKNOWN = "unknown"
    """None of these for certain; somebody should look at it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One recipient of a mail that came back; "" and None where it says nothing.

    `status` is "x.y.z"; `reply` holds the receiver's words; class and action belong to bounces.
    """

    kind: ReturnKind
    recipient: str = ""
    bounce_class: BounceClass | None = None
    action: Action | None = None
    status: str = ""
    reply: str = ""
    rule: str = ""
