"""The life of a message in order of time, as values that doors put into words (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter

from tayori.events.model import Event, EventKind
from tayori.queue.operate import Entry
from tayori.queue.operator_store import AttemptRow, MessageHead
from tayori.refusal.saying import Saying


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """All that is known of a message and of those recipients that were asked for."""

    message: MessageHead
    recipients: Sequence[Entry]
    attempts: Sequence[AttemptRow]
    events: Sequence[Event]


@dataclass(frozen=True, slots=True)
class Wait:
    """A recipient's time in the queue without an attempt; None while it still lasts."""

    since: int
    cause: Saying
    waited_ms: int | None


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened to a recipient, or to the whole message (`entry` None)."""

    at: int
    entry: Entry | None
    what: Event | AttemptRow | Wait


def story(fate: Fate) -> list[Happening]:
    """Return what happened, in order.

    Within one millisecond the message is accepted, then attempted, and then comes what follows
    from that.
    """
    by_id = {entry.recipient_id: entry for entry in fate.recipients}
    happenings = [
        (
            event.at,
            0 if event.kind is EventKind.ACCEPTED else 2,
            Happening(event.at, by_id.get(event.recipient_id or 0), event),
        )
        for event in fate.events
        if event.recipient_id is None or event.recipient_id in by_id
    ]
    for tried in fate.attempts:
        entry = by_id.get(tried.recipient_id)
        if entry is not None:
            happenings.append((tried.ended_at, 1, Happening(tried.ended_at, entry, tried)))
            if tried.wait_cause and tried.wait_since is not None:
                waited = tried.started_at - tried.wait_since
                happenings.append(_wait(entry, tried.wait_since, tried.wait_cause, waited))
    happenings += [
        _wait(entry, entry.wait_since, entry.wait_cause, None)
        for entry in fate.recipients
        if entry.wait_cause and entry.wait_since is not None
    ]
    return [happening for _, _, happening in sorted(happenings, key=itemgetter(0, 1))]


def _wait(
    entry: Entry, since: int, cause: Saying, waited_ms: int | None
) -> tuple[int, int, Happening]:
    return since, 1, Happening(since, entry, Wait(since, cause, waited_ms))
