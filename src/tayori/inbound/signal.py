"""What one mail says about one recipient of ours, and what follows from that. Pure."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from tayori.classify.model import Action, BounceClass
from tayori.events.model import EventKind
from tayori.inbound.model import Finding, ReturnKind
from tayori.queue.states import FINAL, State

REPORT: Final = "report"
"""Under this name an event has the mail that it was read in, so that no mail counts twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A finding about a recipient by number; `report` tells the mail that it was found in."""

    recipient_id: int
    finding: Finding
    report: str
    at: int
    source_ip: str = ""


@dataclass(slots=True, kw_only=True)
class Known:
    """A recipient as it is now, and what was heard of it before: (kind, report)."""

    id: int
    message_id: int
    account_id: int
    address: str
    domain: str
    sender_domain: str
    state: State
    heard: set[tuple[EventKind, str]] = field(default_factory=set)

    def heard_any(self, kind: EventKind) -> bool:
        """Tell whether there is such an event of any mail."""
        return any(known is kind for known, _ in self.heard)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What follows: an event, and with it a new state, a block, or the end of all mail.

    `event` None with `leaves` lets the list write its own event.
    """

    event: EventKind | None
    note: str
    state: State | None = None
    blocks: bool = False
    fills: bool = False
    """The mailbox had no room, which blocks the address when it goes on for days."""
    complains: bool = False
    leaves: bool = False


@dataclass(frozen=True, slots=True)
class Nothing:
    """Why nothing follows, as a sentence."""

    note: str


def decide(  # noqa: PLR0911 - one answer per kind of finding
    signal: Signal, known: Known
) -> Effect | Nothing:
    """Return what follows from a signal, the same for however often the mail comes."""
    match signal.finding.kind:
        case ReturnKind.BOUNCE:
            return _bounce(signal.finding, known)
        case ReturnKind.DELAYED:
            return _delayed(signal, known)
        case ReturnKind.DELIVERED:
            return _delivered(signal, known)
        case ReturnKind.COMPLAINT:
            if known.heard_any(EventKind.SPAMREPORT):
                return Nothing("The complaint is known.")
            return Effect(
                event=EventKind.SPAMREPORT,
                note=f"{known.address} complained; {known.sender_domain} writes there no more.",
                complains=True,
            )
        case ReturnKind.UNSUBSCRIBE:
            note = f"{known.address} unsubscribed from {known.sender_domain}."
            return Effect(event=None, note=note, leaves=True)
        case ReturnKind.AUTO_REPLY:
            return _once(signal, known, EventKind.AUTO_REPLY, "An automatic answer.")
        case ReturnKind.REPORT | ReturnKind.UNKNOWN:
            return Nothing("It says nothing about the recipient.")


def _bounce(finding: Finding, known: Known) -> Effect | Nothing:
    if known.state in FINAL - {State.DELIVERED}:
        return Nothing(f"The mail to {known.address} had ended before.")
    # What a mail was redirected to may be gone while the address that we write to is not.
    named = finding.recipient.lower() in {"", known.address.lower()}
    blocks = finding.action is Action.FAIL_AND_BLACKLIST and named
    return Effect(
        event=EventKind.BOUNCE,
        note=f"The mail to {known.address} bounced{' and blocks the address' if blocks else ''}.",
        state=State.BOUNCED,
        blocks=blocks,
        fills=named and finding.bounce_class is BounceClass.MAILBOX_FULL,
    )


def _delayed(signal: Signal, known: Known) -> Effect | Nothing:
    if known.state in FINAL - {State.DELIVERED}:
        return Nothing(f"The mail to {known.address} had ended before.")
    return _once(signal, known, EventKind.DEFERRED, f"A server still tries {known.address}.")


def _delivered(signal: Signal, known: Known) -> Effect | Nothing:
    if known.state in FINAL - {State.DELIVERED}:
        return Nothing(f"The mail to {known.address} had ended before.")
    if known.state is State.DELIVERED:
        note = f"A server confirmed the mail to {known.address}."
        return _once(signal, known, EventKind.REPORTED, note)
    # The receiver's yes was lost, and its report now says that it took the mail.
    note = f"The mail to {known.address} was delivered, says a report."
    return Effect(event=EventKind.DELIVERED, note=note, state=State.DELIVERED)


def _once(signal: Signal, known: Known, kind: EventKind, note: str) -> Effect | Nothing:
    if (kind, signal.report) in known.heard:
        return Nothing("The same mail came before.")
    return Effect(event=kind, note=note)


def most_telling(findings: Collection[Finding], address: str) -> Finding:
    """Return what a mail says of the recipient with this address; one finding at least.

    A report may name others, to whom the address hands on: then the worst counts.
    """
    own = [one for one in findings if one.recipient.lower() == address.lower()]
    return min(own or findings, key=lambda one: _ORDER.index(one.kind))


_ORDER: Final = (
    *(ReturnKind.COMPLAINT, ReturnKind.UNSUBSCRIBE, ReturnKind.BOUNCE, ReturnKind.DELAYED),
    *(ReturnKind.DELIVERED, ReturnKind.AUTO_REPLY, ReturnKind.REPORT, ReturnKind.UNKNOWN),
)
