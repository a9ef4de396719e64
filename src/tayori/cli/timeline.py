"""The life of a message as sentences, in order of time (pure)."""

from collections.abc import Iterable, Mapping
from datetime import tzinfo
from typing import cast

from tayori.cli.instants import instant, minute, span
from tayori.events.model import Event, EventKind
from tayori.mail.transcript import read
from tayori.queue.operate import Entry
from tayori.queue.operator_store import AttemptRow, MessageHead
from tayori.queue.states import State
from tayori.queue.story import Fate, Happening, story

_KIND_WORDS = {
    "delivered": "the receiver took the mail",
    "temporary": "it failed for now",
    "permanent": "it was refused for good",
    "unknown": "it was sent completely, but no answer came",
}
_STAGE_WORDS = {
    "dns": "when its mail hosts were looked up",
    "connect": "when the connection was opened",
    "greeting": "at the receiver's greeting",
    "hello": "after EHLO",
    "tls": "when encryption was begun",
    "mail": "at MAIL FROM",
    "rcpt": "at RCPT TO",
    "data": "at DATA",
    "content": "after the content",
    "engine": "by our own decision",
}
_PLAIN = {
    EventKind.REFUSED: "The message was refused",
    EventKind.DROPPED: "The mail is not sent",
    EventKind.OPEN: "The recipient opened the mail",
    EventKind.CLICK: "The recipient followed a link",
    EventKind.SPAMREPORT: "The recipient complained about the mail",
    EventKind.UNSUBSCRIBE: "The recipient asked for no more mail from this domain",
    EventKind.RESUBSCRIBED: "The recipient took the unsubscription back",
    EventKind.AUTO_REPLY: "A program answered for the recipient",
    EventKind.REPORTED: "The receiver reported that it delivered or handed on the mail",
    EventKind.DELAYED: "Delayed: it is on its way for four hours and was not taken yet",
    EventKind.RETRIED: "An operator made the next attempt due at once",
    EventKind.HELD: "An operator holds the mail back",
    EventKind.RELEASED: "An operator let the mail go on",
    EventKind.REACTION_BEGAN: "A reaction to receivers' complaints began",
    EventKind.REACTION_ENDED: "A reaction to receivers' complaints ended",
}


def timeline(fate: Fate, now: int, zone: tzinfo) -> list[dict[str, object]]:
    """Return the rows `at, event, address, detail, reply, ...`; at last where open ones stand."""
    by_id = {entry.recipient_id: entry for entry in fate.recipients}
    rows = [_happening_row(one, fate, by_id, zone) for one in story(fate)]
    return rows + [_standing_row(entry, now, zone) for entry in _open(fate.recipients)]


def sentences(rows: Iterable[Mapping[str, object]]) -> list[dict[str, object]]:
    """Return the rows as a table for people has them; a conversation stands before its attempt."""
    return [line for row in rows for line in _table_rows(row)]


def _table_rows(row: Mapping[str, object]) -> list[dict[str, object]]:
    said = row["conversation"]
    lines = [
        _table_row(line["at"], "", "", f"  {line['by']} {line['said']}")
        for line in (said if isinstance(said, list) else [])
    ]
    return [*lines, _table_row(row["at"], row["address"], row["event"], row["detail"])]


def _table_row(at: object, address: object, event: object, what: object) -> dict[str, object]:
    when = str(at)[:19].replace("T", " ")
    return {"at": when, "address": address, "event": event, "what happened": what}


def _happening_row(
    one: Happening, fate: Fate, by_id: Mapping[int, Entry], zone: tzinfo
) -> dict[str, object]:
    if isinstance(one.what, Event):
        return _event_row(one.what, fate, by_id, zone)
    # Only events may be about a whole message.
    entry = cast("Entry", one.entry)
    if isinstance(one.what, AttemptRow):
        return _attempt_row(one.what, entry, zone)
    return _wait_row(entry, one.what.since, one.what.cause.english, one.what.waited_ms, zone)


def _wait_row(
    entry: Entry, since: int, cause: str, waited_ms: int | None, zone: tzinfo
) -> dict[str, object]:
    how_long = "" if waited_ms is None else f" for {span(waited_ms)}"
    detail = f"It waited unattempted{how_long}: {cause}"
    return _row(instant(since, zone), "wait", entry.address, detail)


def _row(at: str, event: str, address: str, detail: str, **more: object) -> dict[str, object]:
    known = {"reply": "", "attempt": None, "host": "", "peer": "", "tls": "", "source": ""}
    last = {"stage": "", "class": "", "rule": "", "next_at": "", "conversation": []}
    return {"at": at, "event": event, "address": address, "detail": detail} | known | last | more


def _attempt_row(tried: AttemptRow, entry: Entry, zone: tzinfo) -> dict[str, object]:
    where = f" at {tried.peer_host or 'the host'} [{tried.peer_address}]"
    how = f", encrypted ({tried.tls})" if tried.tls else ", not encrypted"
    at_host = f"{where}{how}" if tried.peer_address else ""
    stage = "" if tried.kind == "delivered" else f" {_STAGE_WORDS.get(tried.stage, tried.stage)}"
    left = f" from {tried.source}" if tried.source else ""
    detail = (
        f"Attempt {tried.number}{left}{at_host}, {span(tried.ended_at - tried.started_at)}: "
        f"{_KIND_WORDS.get(tried.kind, tried.kind)}{stage}."
    )
    reply = " ".join(
        part for part in (str(tried.code or ""), tried.enhanced, str(tried.text)) if part
    )
    if reply:
        detail += f" Reply: {reply}"
    if tried.detail:
        detail += f" ({tried.detail})"
    return _row(
        instant(tried.ended_at, zone),
        "attempt",
        entry.address,
        detail,
        reply=reply,
        attempt=tried.number,
        host=tried.peer_host,
        peer=tried.peer_address,
        tls=tried.tls,
        source=tried.source or "",
        stage=tried.stage,
        **{"class": tried.bounce_class},
        rule=tried.rule or "",
        conversation=[
            {"at": instant(said.at, zone), "by": said.by, "said": said.text}
            for said in read(tried.conversation)
        ],
    )


def _event_row(
    event: Event, fate: Fate, by_id: Mapping[int, Entry], zone: tzinfo
) -> dict[str, object]:
    entry = by_id.get(event.recipient_id or 0)
    reason = event.reason.english
    next_at = event.data.get("next_at")
    replied = event.kind in {EventKind.DELIVERED, EventKind.BOUNCE, EventKind.DEFERRED}
    return _row(
        instant(event.at, zone),
        event.kind.value,
        entry.address if entry else "",
        _event_sentence(event, fate.message, entry, zone),
        reply=reason if replied else "",
        attempt=event.data.get("attempt"),
        **{"class": event.data.get("class", "")},
        next_at=instant(next_at, zone) if isinstance(next_at, int) else "",
    )


def _event_sentence(event: Event, message: MessageHead, entry: Entry | None, zone: tzinfo) -> str:
    accepted_at = entry.accepted_at if entry else message.accepted_at
    reason = event.reason.english
    why = f" as {event.data['class']}" if event.data.get("class") else ""
    next_at = event.data.get("next_at")
    match event.kind:
        case EventKind.ACCEPTED:
            return _accepted(event, message)
        case EventKind.DELIVERED:
            return f"Delivered {span(event.at - accepted_at)} after it was accepted."
        case EventKind.BOUNCE:
            ended = "Expired" if event.data.get("class") == "expired" else f"Bounced{why}"
            late = "the receiver had taken it, and reported later that it gave it up."
            return f"{ended}: {late if event.data.get('report') else 'it will not be tried again.'}"
        case EventKind.DEFERRED if isinstance(next_at, int):
            wait = span(next_at - event.at)
            return f"Deferred{why}; the next attempt is due at {minute(next_at, zone)} (in {wait})."
        case EventKind.DEFERRED:
            reported = "a server that has the mail reports that it still tries."
            told = reported if event.data.get("report") else "another attempt follows."
            return f"Deferred{why}; {told}"
        case _:
            return f"{_PLAIN[event.kind]}{f': {reason}' if reason else '.'}"


def _accepted(event: Event, message: MessageHead) -> str:
    count = event.data.get("recipients", 1)
    many = "1 recipient" if count == 1 else f"{count} recipients"
    what = f"template {message.template_id}" if message.template_id else "own content"
    return (
        f"Accepted from account {message.account_id} by {message.source} for {many}: "
        f'from {message.from_address}, {what}, subject "{message.subject}".'
    )


def _open(recipients: Iterable[Entry]) -> list[Entry]:
    return [entry for entry in recipients if entry.due_at is not None]


def _standing_row(entry: Entry, now: int, zone: tzinfo) -> dict[str, object]:
    scheduled = entry.state in {State.QUEUED, State.DEFERRED}
    next_at = instant(entry.due_at, zone) if scheduled else ""
    return _row(
        instant(now, zone),
        entry.state.name.lower(),
        entry.address,
        _standing(entry, now, zone),
        next_at=next_at,
    )


def _standing(entry: Entry, now: int, zone: tzinfo) -> str:
    if entry.state is State.HELD:
        return "Now: an operator holds it until it is released or dropped."
    if entry.state is State.SENDING:
        return "Now: a delivery process is working on it."
    due_at = entry.due_at or now
    when = "now" if due_at <= now else f"at {minute(due_at, zone)}"
    if entry.state is State.QUEUED:
        return f"Now: it waits for its first attempt, which is due {when}."
    ends = minute(entry.expires_at, zone)
    return f"Now: it waits; the next attempt is due {when}, its lifetime ends at {ends}."
