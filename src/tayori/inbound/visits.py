"""A reader's fetches of a mail's pixel and links, and whether a machine made them (pure).

All visits of one recipient that lie close together are judged at once, because what gives a scanner
away is what it does beside: it follows all links within a moment, or comes before the mail is
delivered. A machine's visit stays an event, with the machine's name; it counts in no rate.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final

from tayori.events.model import MACHINE, Event, EventKind
from tayori.runtime.clock import MINUTE, SECOND

TOGETHER_MS: Final = 2 * SECOND
"""Clicks within this time are one sweep."""
SWEEP_LINKS: Final = 3
"""Different links in one sweep that no reader follows."""
QUIET_MS: Final = 3 * SECOND
"""Visits are judged when the recipient has been quiet for so long."""
LONGEST_MS: Final = MINUTE
"""Or when the first one is so old."""
MOST_EVENTS: Final = 50
"""Of one recipient in one judgement; what is beyond tells nothing new."""
BEFORE_DELIVERY: Final = "before_delivery"
ALL_LINKS: Final = "all_links"
UNSUBSCRIBE_WORD: Final = "unsubscribe"
"""A customer's own link with this word is the recipient's wish (wire facts 4.6)."""
Namer = Callable[[str, str], str]
"""Names the machine of a user agent and an address, "" for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One fetch. `hint` is what the request itself said of a machine, such as "prefetch"."""

    at: int
    recipient_id: int
    kind: EventKind
    link: str = ""
    useragent: str = ""
    address: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visited:
    """The recipient whose mail was fetched from; `delivered_at` is None before it is."""

    recipient_id: int
    message_id: int
    account_id: int
    delivered_at: int | None


def judge(
    visits: Sequence[Visit], visited: Visited, name: Namer, counted: Collection[str] = ()
) -> list[Event]:
    """Return the events of one recipient's visits, in the order of their time.

    Opens through the machines of `counted` are the reader's; they only tell the name as "proxy".
    """
    ordered = _without_repeats(sorted(visits, key=lambda visit: visit.at))
    sweeps = _sweeps(ordered)
    events: list[Event] = []
    for visit in ordered[:MOST_EVENTS]:
        machine = _machine(visit, visited, sweeps, name)
        data: dict[str, str | int] = {"useragent": visit.useragent, "address": visit.address}
        if visit.link:
            data["link"] = visit.link
        if machine:
            proxied = visit.kind is EventKind.OPEN and machine in counted
            data["proxy" if proxied else MACHINE] = machine
        events.append(_event(visit, visited, visit.kind, data))
        clicked = visit.kind is EventKind.CLICK and not machine
        if clicked and UNSUBSCRIBE_WORD in visit.link.lower():
            events.append(_event(visit, visited, EventKind.UNSUBSCRIBE, {**data, "way": "link"}))
    return events


def _machine(
    visit: Visit, visited: Visited, sweeps: Sequence[tuple[int, int, str]], name: Namer
) -> str:
    if visit.hint:
        return visit.hint
    named = name(visit.useragent, visit.address)
    if named:
        return named
    if visited.delivered_at is None or visit.at < visited.delivered_at:
        return BEFORE_DELIVERY
    for begin, end, address in sweeps:
        near = begin - TOGETHER_MS <= visit.at <= end + TOGETHER_MS
        if near and (visit.kind is EventKind.CLICK or visit.address == address):
            return ALL_LINKS
    return ""


def _sweeps(ordered: Sequence[Visit]) -> list[tuple[int, int, str]]:
    """Return begin, end and client of each moment in which many links were followed."""
    clicks = [visit for visit in ordered if visit.kind is EventKind.CLICK]
    found = []
    for place, first in enumerate(clicks):
        close = [one for one in clicks[place:] if one.at - first.at <= TOGETHER_MS]
        if len({one.link for one in close}) >= SWEEP_LINKS:
            found.append((first.at, close[-1].at, first.address))
    return found


def _without_repeats(ordered: Sequence[Visit]) -> list[Visit]:
    """Return the visits without what the same client fetched again within a moment."""
    last: dict[tuple[EventKind, str, str, str], int] = {}
    kept: list[Visit] = []
    for visit in ordered:
        key = (visit.kind, visit.link, visit.address, visit.useragent)
        if key in last and visit.at - last[key] <= TOGETHER_MS:
            continue
        last[key] = visit.at
        kept.append(visit)
    return kept


def _event(visit: Visit, visited: Visited, kind: EventKind, data: dict[str, str | int]) -> Event:
    return Event(
        at=visit.at,
        account_id=visited.account_id,
        kind=kind,
        message_id=visited.message_id,
        recipient_id=visited.recipient_id,
        data=data,
    )
