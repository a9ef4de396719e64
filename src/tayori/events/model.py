"""The closed vocabulary of events. Customers hear of the public ones; the others explain a fate."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from tayori.refusal.saying import Saying, recall


class EventKind(StrEnum):
    """What happened to a message or to one of its recipients."""

    ACCEPTED = "accepted"
    """The door took the message; internal, since the caller heard it as the answer."""
    REFUSED = "refused"
    """The door refused the message; internal, with the refusal code."""
    DELIVERED = "delivered"
    """The receiver's server took responsibility for the mail."""
    DROPPED = "dropped"
    """We did not send to this recipient, for the reason given."""
    BOUNCE = "bounce"
    """The receiver refused for good, or the mail expired."""
    DEFERRED = "deferred"
    """An attempt failed for now and another one is planned."""
    OPEN = "open"
    """The recipient opened the mail."""
    CLICK = "click"
    """The recipient followed a link."""
    SPAMREPORT = "spamreport"
    """The recipient complained."""
    UNSUBSCRIBE = "unsubscribe"
    """The recipient asked for no more mail from this sender domain."""

    DELAYED = "delayed"
    """The mail is on its way for four hours and was not taken yet, told once; internal."""
    RESUBSCRIBED = "resubscribed"
    """The recipient took an unsubscription back within the hour; internal."""
    AUTO_REPLY = "auto_reply"
    """A program answered for the recipient, such as an absence notice; internal."""
    REPORTED = "reported"
    """A receiving server told by mail that it delivered or handed the mail on; internal."""
    RETRIED = "retried"
    """An operator made the next attempt due at once; internal."""
    HELD = "held"
    """An operator holds the mail back until it is released or dropped; internal."""
    RELEASED = "released"
    """An operator let a held mail go on; internal."""
    REACTION_BEGAN = "reaction_began"
    """An account's mail is slowed, paused or stopped because of what receivers say; internal."""
    REACTION_ENDED = "reaction_ended"
    """Such a reaction is over, or an operator cancelled it; internal."""
    CALLBACK_OFF = "callback_off"
    """A callback address was switched off after a day of failures; internal, with the reason."""
    SCANNED = "scanned"
    """An engine found malware or spam in mail that came for an account; internal."""
    SUSPENDED = "suspended"
    """An account was stopped for what was found in its mails; internal, with the reason."""
    STANDING_CHANGED = "standing_changed"
    """A domain rose, fell, was stopped, warned or let go; internal, with the figures."""
    TEMPLATE_APPROVED = "template_approved"
    """A template may be used, by the rules or by an operator; no callback reports it."""
    TEMPLATE_REJECTED = "template_rejected"
    """A template may not be used, with the operator's reason or the rules; not in callbacks."""


INTERNAL = frozenset(
    {
        EventKind.ACCEPTED,
        EventKind.REFUSED,
        EventKind.DELAYED,
        EventKind.RESUBSCRIBED,
        EventKind.AUTO_REPLY,
        EventKind.REPORTED,
        EventKind.RETRIED,
        EventKind.HELD,
        EventKind.RELEASED,
        EventKind.REACTION_BEGAN,
        EventKind.REACTION_ENDED,
        EventKind.CALLBACK_OFF,
        EventKind.SCANNED,
        EventKind.SUSPENDED,
        EventKind.STANDING_CHANGED,
        EventKind.TEMPLATE_APPROVED,
        EventKind.TEMPLATE_REJECTED,
    }
)
"""Events that explain a fate to operators and that no callback reports."""

PUBLIC = frozenset(EventKind) - INTERNAL
"""Events that a callback reports."""


AT_DOOR: Final = "at_door"
"""Under this name the event of a recipient whom the door dropped has a 1: it was never metered."""


PROVIDER: Final = "provider"
"""Under this name the event of an attempt has the receiver's group, where a rule names it."""
ATTEMPT: Final = "attempt"
"""Under this name it has the number of the attempt, from 1 on."""


MACHINE = "machine"
"""Under this name an open or click has the machine that made it (`inbound.visits`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event; `message_id` and `recipient_id` are row numbers, `data` holds what explains it."""

    at: int
    account_id: int
    kind: EventKind
    message_id: int | None = None
    recipient_id: int | None = None
    data: Mapping[str, str | int] = field(default_factory=dict)

    @property
    def reason(self) -> Saying:
        """Return why it happened, as `data` keeps it; `NOTHING` where it does not say."""
        return reason_of(self.data)


def reason_of(data: Mapping[str, object]) -> Saying:
    """Return the reason that the data of an event keep."""
    return recall(str(data.get("reason", "")))
