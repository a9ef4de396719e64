"""Writes what mails mean: states, events, lists and reports, and that the mails are done with.

All of a batch is one transaction. A mail that somebody else took over meanwhile changes nothing, so
each mail counts once however often it is read. Rows are locked in the order in which settling
locks them: contents, then recipients.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from tayori.db.database import Database, Row, Transaction
from tayori.events.model import Event, EventKind
from tayori.events.store import record
from tayori.inbound import statements
from tayori.inbound.dmarc_store import keep_reports
from tayori.inbound.model import Finding
from tayori.inbound.signal import REPORT, Effect, Known, Nothing, Signal, decide, most_telling
from tayori.inbound.spool import Disposition
from tayori.inbound.spool_store import finish, held
from tayori.mail.dmarc_report import AggregateReport
from tayori.queue import statements as queue
from tayori.queue.states import FINAL, State, check_move
from tayori.runtime.crash import Point, reach
from tayori.screen.score.address import MailScore
from tayori.screen.score.address_store import keep_score
from tayori.suppress.full_mailbox_store import note_full
from tayori.suppress.model import BLOCKED_MS, Blocked
from tayori.suppress.store import block
from tayori.suppress.unsubscribing import Subscriber, Way, complain, leave

_LONGEST_REPLY = 2_000
GONE = "The mail that it is about is no longer known."


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What one mail means: findings by recipient, reports, and what becomes of the mail.

    The sentence of the disposition is added to by what each recipient's finding led to.
    """

    mail_id: int
    at: int
    digest: str
    source_ip: str = ""
    disposition: Disposition
    findings: tuple[tuple[int, tuple[Finding, ...]], ...] = ()
    reports: tuple[AggregateReport, ...] = ()
    events: tuple[Event, ...] = ()
    """Events that belong to no recipient of ours."""
    scores: tuple[tuple[int, MailScore], ...] = ()
    """Scores by the number of the address that the mail came to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A refusal that a report told, for whoever slows down because of refusals."""

    recipient_id: int
    message_id: int
    account_id: int
    domain: str
    reply: str
    status: str
    at: int


@dataclass(slots=True)
class _Changes:
    states: list[tuple[Known, Signal, State]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    blocked: list[Blocked] = field(default_factory=list)
    refusals: list[Heard] = field(default_factory=list)
    full: list[Blocked] = field(default_factory=list)


class EffectStore:
    """Applies meanings."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def apply(self, owner: str, meanings: Sequence[Meaning]) -> list[Heard]:
        """Write what mails leased by `owner` mean; return the refusals that were news."""
        async with self._database.write() as transaction:
            mine = await held(transaction, owner, [each.mail_id for each in meanings])
            chosen = [each for each in meanings if each.mail_id in mine]
            known = await _known(transaction, chosen)
            changes = _Changes()
            done = [
                (each.mail_id, await _means(transaction, each, known, changes)) for each in chosen
            ]
            changes.events.extend(event for each in chosen for event in each.events)
            await _write(transaction, changes)
            for number, score in (each for one in chosen for each in one.scores):
                await keep_score(transaction, number, score)
            await finish(transaction, done)
            reach(Point.INBOUND_BEFORE_COMMIT)
        reach(Point.INBOUND_AFTER_COMMIT)
        return changes.refusals


async def _known(transaction: Transaction, meanings: Iterable[Meaning]) -> dict[int, Known]:
    ids = sorted({number for each in meanings for number, _ in each.findings})
    if not ids:
        return {}
    rows = await transaction.fetch(statements.FIND_KNOWN, {"recipients": ids})
    messages = sorted({row["message_id"] for row in rows})
    # Two that end the last two recipients of a message must see each other.
    await transaction.fetch(queue.LOCK_CONTENT, {"messages": messages})
    locked = await transaction.fetch(statements.LOCK_KNOWN, {"recipients": ids})
    known = {row["id"]: _of(row) for row in locked}
    for row in await transaction.fetch(statements.HEARD, {"messages": messages}):
        each = known.get(row["recipient_id"])
        if each is not None:
            data = msgspec.json.decode(row["data"])
            each.heard.add((EventKind(row["kind"]), str(data.get(REPORT, ""))))
    return known


def _of(row: Row) -> Known:
    return Known(
        id=row["id"],
        message_id=row["message_id"],
        account_id=row["account_id"],
        address=row["address"],
        domain=row["domain"],
        sender_domain=str(row["from_address"]).rpartition("@")[2],
        state=State(row["state"]),
    )


async def _means(
    transaction: Transaction, meaning: Meaning, known: dict[int, Known], changes: _Changes
) -> Disposition:
    """Collect what a mail changes and return its disposition with the sentences for it."""
    notes = [meaning.disposition.note] if meaning.disposition.note else []
    for number, findings in meaning.findings:
        recipient = known.get(number)
        if recipient is None:
            notes.append(GONE)
            continue
        signal = Signal(
            recipient_id=number,
            finding=most_telling(findings, recipient.address),
            report=meaning.digest,
            at=meaning.at,
            source_ip=meaning.source_ip,
        )
        found = decide(signal, recipient)
        if isinstance(found, Effect):
            found = await _follow(transaction, signal, recipient, found, changes)
        notes.append(found.note)
    if meaning.reports:
        notes.append(await keep_reports(transaction, meaning.reports, meaning.at))
    return replace(meaning.disposition, note=" ".join(dict.fromkeys(notes)))


async def _follow(
    transaction: Transaction, signal: Signal, known: Known, effect: Effect, changes: _Changes
) -> Effect | Nothing:
    person = Subscriber(
        recipient_id=known.id,
        account_id=known.account_id,
        message_id=known.message_id,
        address=known.address,
        domain=known.sender_domain,
        gone_at=None,
    )
    if effect.leaves and not await leave(transaction, person, Way.MAIL, signal.at):
        return Nothing(f"{known.address} had unsubscribed before.")
    if effect.complains:
        await complain(transaction, person, signal.at)
    if effect.state is not None:
        check_move(known.state, effect.state)
        changes.states.append((known, signal, effect.state))
        known.state = effect.state
    if effect.event is not None:
        changes.events.append(_event(signal, known, effect.event))
        known.heard.add((effect.event, signal.report))
    if effect.event in {EventKind.BOUNCE, EventKind.DEFERRED}:
        changes.refusals.append(_heard(signal, known))
    if effect.blocks:
        changes.blocked.append(_blocked(signal, known))
    if effect.fills:
        changes.full.append(_blocked(signal, known))
    return effect


def _heard(signal: Signal, known: Known) -> Heard:
    return Heard(
        recipient_id=known.id,
        message_id=known.message_id,
        account_id=known.account_id,
        domain=known.domain,
        reply=signal.finding.reply,
        status=signal.finding.status,
        at=signal.at,
    )


def _event(signal: Signal, known: Known, kind: EventKind) -> Event:
    finding = signal.finding
    data: dict[str, str | int] = {REPORT: signal.report}
    reason = _reply(finding)
    if reason and kind is not EventKind.SPAMREPORT:
        data["reason"] = reason
    if signal.source_ip and kind is EventKind.SPAMREPORT:
        data["source_ip"] = signal.source_ip
    if finding.bounce_class is not None:
        data["class"] = finding.bounce_class.value
    return Event(
        at=signal.at,
        account_id=known.account_id,
        kind=kind,
        message_id=known.message_id,
        recipient_id=known.id,
        data=data,
    )


def _reply(finding: Finding) -> str:
    """Return what the report says, status in front when the words have none, fit to be stored."""
    words = "".join(char if char.isprintable() else " " for char in finding.reply).strip()
    if finding.status and finding.status not in words:
        words = f"{finding.status} {words}".strip()
    return words[:_LONGEST_REPLY]


def _blocked(signal: Signal, known: Known) -> Blocked:
    return Blocked(
        address=known.address.lower(),
        account_id=known.account_id,
        at=signal.at,
        expires_at=signal.at + BLOCKED_MS,
        reason=_reply(signal.finding),
        message_id=known.message_id,
    )


async def _write(transaction: Transaction, changes: _Changes) -> None:
    if changes.states:
        await transaction.execute_many(
            statements.CHANGE,
            [
                {
                    "of_id": known.id,
                    "to_state": int(state),
                    "to_reply": _reply(signal.finding),
                    "to_ended_at": signal.at,
                }
                for known, signal, state in changes.states
            ],
        )
        ended = sorted({known.message_id for known, _, state in changes.states if state in FINAL})
        await transaction.execute(queue.ERASE_CONTENT, {"messages": ended})
    await record(transaction, changes.events)
    await block(transaction, changes.blocked)
    await note_full(transaction, changes.full)
