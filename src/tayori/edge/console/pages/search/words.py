"""How states, reactions, events and stages are called; translated where they are shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tayori.edge.console.languages import N_
from tayori.events.model import EventKind
from tayori.queue.states import State


@dataclass(frozen=True, slots=True)
class Word:
    """A word with the tone and the icon that it is shown in."""

    text: str
    tone: str = "secondary"
    icon: str = ""


STATES: Final[Mapping[State, Word]] = {
    State.QUEUED: Word(N_("Waiting to be sent"), "info", "clock"),
    State.SENDING: Word(N_("Being sent now"), "info", "send"),
    State.DEFERRED: Word(N_("Deferred"), "warning", "hourglass"),
    State.DELIVERED: Word(N_("Delivered"), "success"),
    State.BOUNCED: Word(N_("Bounced"), "danger"),
    State.DROPPED: Word(N_("Not sent"), "secondary", "ban"),
    State.EXPIRED: Word(N_("Not delivered in time"), "danger", "clock"),
    State.HELD: Word(N_("Held back"), "warning", "player-pause"),
}
REACTIONS: Final[Mapping[EventKind, Word]] = {
    EventKind.OPEN: Word(N_("Opened"), "success", "mail-opened"),
    EventKind.CLICK: Word(N_("Clicked"), "success", "click"),
    EventKind.UNSUBSCRIBE: Word(N_("Unsubscribed"), "warning", "user-minus"),
    EventKind.SPAMREPORT: Word(N_("Complained"), "danger", "flag"),
}
ATTEMPTS: Final[Mapping[str, Word]] = {
    "delivered": Word(N_("Attempt %(number)s: the receiver took the mail"), "success"),
    "temporary": Word(N_("Attempt %(number)s: it failed for now"), "warning", "hourglass"),
    "permanent": Word(N_("Attempt %(number)s: the mail was refused for good"), "danger", "mail-x"),
    "unknown": Word(
        N_("Attempt %(number)s: the mail was sent completely, but no answer came"), "warning"
    ),
}
EVENTS: Final[Mapping[EventKind, Word]] = {
    EventKind.ACCEPTED: Word(N_("The service took the mail"), "info", "inbox"),
    EventKind.REFUSED: Word(N_("The service refused the mail"), "danger"),
    EventKind.DELIVERED: Word(N_("Delivered"), "success", "mail-check"),
    EventKind.DROPPED: Word(N_("The mail is not sent"), "warning", "ban"),
    EventKind.BOUNCE: Word(N_("Bounced"), "danger", "mail-x"),
    EventKind.DEFERRED: Word(N_("Deferred"), "warning", "clock"),
    EventKind.OPEN: Word(N_("The recipient opened the mail"), "success", "mail-opened"),
    EventKind.CLICK: Word(N_("The recipient followed a link"), "success", "click"),
    EventKind.SPAMREPORT: Word(N_("The recipient complained about the mail"), "danger", "flag"),
    EventKind.UNSUBSCRIBE: Word(
        N_("The recipient wants no more mail from this domain"), "warning", "user-minus"
    ),
    EventKind.RESUBSCRIBED: Word(
        N_("The recipient took the unsubscription back"), "info", "user-plus"
    ),
    EventKind.AUTO_REPLY: Word(N_("A program answered for the recipient"), "info", "robot"),
    EventKind.REPORTED: Word(
        N_("The receiver reported that it delivered the mail or handed it on"), "info", "report"
    ),
    EventKind.DELAYED: Word(
        N_("On its way for four hours and not taken yet"), "warning", "hourglass"
    ),
    EventKind.RETRIED: Word(N_("The operator made the next attempt due at once"), "info", "repeat"),
    EventKind.HELD: Word(N_("The operator holds the mail back"), "warning", "player-pause"),
    EventKind.RELEASED: Word(N_("The operator let the mail go on"), "info", "player-play"),
}
"""Events that a message's history can hold; others stand in no message."""
STAGES: Final[Mapping[str, str]] = {
    "dns": N_("looking up the mail servers"),
    "connect": N_("opening the connection"),
    "greeting": N_("the receiver's greeting"),
    "hello": N_("after EHLO"),
    "tls": N_("beginning encryption"),
    "mail": N_("at MAIL FROM"),
    "rcpt": N_("at RCPT TO"),
    "data": N_("at DATA"),
    "content": N_("after the content"),
    "engine": N_("a decision of this service"),
}
WAYS: Final[Mapping[str, str]] = {
    "api": N_("API"),
    "smtp": N_("SMTP"),
    "bulk": N_("Bulk task"),
    "console": N_("Console"),
    "forward": N_("Mail that came for the account and is handed on"),
}
"""How a mail came to the service."""
