"""Turns events into counts; pure."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import tzinfo
from functools import reduce
from itertools import product
from typing import Final, TypeVar

from tayori.accept.taking import DOMAIN, MAILBOX_TYPES, SENDER, TASK, TEMPLATE
from tayori.classify.model import BounceClass
from tayori.events.model import AT_DOOR, ATTEMPT, MACHINE, EventKind
from tayori.runtime.clock import day_of
from tayori.stats.model import ALL, Batch, Cell, Fact, KeyCell, Kind, Volume

C = TypeVar("C", Cell, KeyCell)

_NOTHING: Final = Volume()
_EVERY: Final = {
    EventKind.DELIVERED: Volume(delivered=1),
    EventKind.BOUNCE: Volume(bounced=1),
    EventKind.OPEN: Volume(opened=1),
    # It was counted as accepted before; what we drop ourselves, we did not accept after all.
    EventKind.DROPPED: Volume(accepted=-1),
}
_DEFERRED: Final = Volume(deferred=1)
_FIRST: Final = {
    EventKind.CLICK: Volume(clicked=1),
    EventKind.UNSUBSCRIBE: Volume(unsubscribed=1),
    EventKind.SPAMREPORT: Volume(complained=1),
}
"""Counted once for each recipient, however often it happens."""
COUNTED_ONCE: Final = frozenset(_FIRST)


def count(batch: Batch, zone: tzinfo) -> dict[Cell, Volume]:
    """Return what the batch adds, by cell; cells to which nothing is added are left out."""
    # Most facts of a batch are like others: what they have in common is added up once.
    alike: Counter[tuple[Cell, Volume]] = Counter()
    for fact in batch.facts:
        domain, day = _domain(fact), day_of(_day_at(fact), zone)
        for mailbox_type, volume in _counted(fact, batch):
            alike[Cell(fact.account_id, day, domain, mailbox_type), volume] += 1
    found: dict[Cell, Volume] = {}
    for (one, volume), number in alike.items():
        total = volume.times(number)
        for place in product((one.domain, ALL), (one.mailbox_type, ALL)):
            _add(found, Cell(one.account_id, one.day, *place), total)
    return {cell: volume for cell, volume in found.items() if any(volume)}


def count_keys(batch: Batch, zone: tzinfo) -> dict[KeyCell, Volume]:
    """Return what the batch adds by sender, template, task, provider and class of bounce."""
    alike: Counter[tuple[KeyCell, Volume]] = Counter()
    for fact in batch.facts:
        volume = reduce(Volume.plus, (part for _, part in _counted(fact, batch)), _NOTHING)
        if volume == _NOTHING:
            continue
        day = day_of(_day_at(fact), zone)
        for kind, key in _keys(fact):
            alike[KeyCell(fact.account_id, kind, day, key), volume] += 1
    found: dict[KeyCell, Volume] = {}
    for (cell, volume), number in alike.items():
        total = volume.times(number)
        _add(found, cell, total)
        if cell.kind is Kind.TASK:
            # A task is judged by all of its days at once.
            _add(found, cell._replace(day=ALL), total)
    return found


def _add(found: dict[C, Volume], cell: C, volume: Volume) -> None:
    found[cell] = found.get(cell, _NOTHING).plus(volume)


def _keys(fact: Fact) -> Iterator[tuple[Kind, str]]:
    refused = fact.kind is EventKind.REFUSED
    sender = str(fact.data.get(SENDER, "")) if refused else fact.from_address
    template = fact.data.get(TEMPLATE) if refused else fact.template_id
    task = fact.data.get(TASK) if refused else fact.task_id
    yield Kind.DOMAIN, _domain(fact)
    if sender:
        yield Kind.SENDER, sender.lower()
    if template is not None:
        yield Kind.TEMPLATE, str(template)
    if task is not None:
        yield Kind.TASK, str(task)
    if fact.provider is not None:
        yield Kind.PROVIDER, fact.provider
    if fact.kind is EventKind.BOUNCE:
        yield Kind.CLASS, str(fact.data.get("class", "")) or BounceClass.OTHER.value


def _counted(fact: Fact, batch: Batch) -> Iterator[tuple[str, Volume]]:
    """Return what an event adds, by the recipients' domain."""
    if fact.kind is EventKind.ACCEPTED:
        for mailbox_type, number in batch.taken.get(fact.message_id or 0, {}).items():
            yield mailbox_type, Volume(requested=number, accepted=number)
    elif fact.kind is EventKind.REFUSED:
        for mailbox_type, number in refused_recipients(fact.data).items():
            yield mailbox_type, Volume(requested=number)
    elif fact.kind is EventKind.DEFERRED:
        if fact.data.get(ATTEMPT) == 1:
            yield fact.mailbox_type, _DEFERRED
    elif fact.data.get(MACHINE):
        return  # What a machine fetched says nothing of a reader.
    elif fact.kind in _EVERY:
        yield fact.mailbox_type, _EVERY[fact.kind]
    elif fact.kind in _FIRST and _is_first(fact, batch):
        yield fact.mailbox_type, _FIRST[fact.kind]


def unsent(batch: Batch, zone: tzinfo) -> dict[tuple[int, str], int]:
    """Return how many accepted mails were dropped later, by account and the day they came in."""
    found: Counter[tuple[int, str]] = Counter()
    for fact in batch.facts:
        if fact.kind is EventKind.DROPPED and AT_DOOR not in fact.data:
            found[fact.account_id, day_of(_day_at(fact), zone)] += 1
    return found


def refused_recipients(data: Mapping[str, str | int]) -> dict[str, int]:
    """Return the recipients of a refused mail by domain; one of no domain when nobody is named."""
    found: dict[str, int] = {}
    for part in str(data.get(MAILBOX_TYPES, "")).split():
        mailbox_type, _, number = part.rpartition("=")
        found[mailbox_type] = int(number)
    return found or {"": 1}


def _is_first(fact: Fact, batch: Batch) -> bool:
    if fact.recipient_id is None:
        return True
    return batch.firsts.get((fact.recipient_id, fact.kind), fact.id) == fact.id


def _domain(fact: Fact) -> str:
    if fact.kind is EventKind.REFUSED:
        return str(fact.data.get(DOMAIN, ""))
    return fact.from_address.rpartition("@")[2].lower()


def _day_at(fact: Fact) -> int:
    return fact.at if fact.sent_at is None else fact.sent_at
