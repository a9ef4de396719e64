"""Bounces by class and one by one, and complaints."""

from collections.abc import AsyncIterator, Awaitable, Callable

from starlette.responses import Response as Answer

from tayori.classify.model import BounceClass
from tayori.db.window import Key
from tayori.edge.console.lists import ListQuery, key_of, page_by_key, read_list
from tayori.edge.console.pages.response.classes import CLASSES
from tayori.edge.console.pages.response.period import Period, period_of, written
from tayori.edge.console.rendering import url
from tayori.edge.console.visit import Visit
from tayori.stats.model import KeysWanted, Kind
from tayori.stats.response_store import FIRST, Response, ResponseWanted
from tayori.tenants.users.audit_model import AuditAction

_AT_ONCE = 500
Ask = Callable[[ResponseWanted, Key, int], Awaitable[tuple[list[Response], Key | None]]]


async def bounces(visit: Visit) -> Answer:
    """Show how many mails bounced for what reason, and which."""
    asked = _asked(visit, "/response", classes=True)
    period = period_of(visit, asked)
    rows, key = await visit.services.responses.bounces(
        _wanted(visit, asked, period), key_of(asked, FIRST), asked.rows
    )
    return visit.page(
        "response/bounces.html.j2",
        page=page_by_key(asked, [(row, _class(row)) for row in rows], key),
        period=period,
        by_class=await _by_class(visit, period),
        classes=CLASSES,
        csv=asked.url().replace("/response", "/response/bounces.csv", 1),
    )


async def complaints(visit: Visit) -> Answer:
    """Show which mails readers complained about."""
    asked = _asked(visit, "/response/complaints")
    period = period_of(visit, asked)
    rows, key = await visit.services.responses.complaints(
        _wanted(visit, asked, period), key_of(asked, FIRST), asked.rows
    )
    return visit.page(
        "response/complaints.html.j2",
        page=page_by_key(asked, rows, key),
        period=period,
        csv=asked.url().replace("/response/complaints", "/response/complaints.csv", 1),
    )


async def export_bounces(visit: Visit) -> Answer:
    """Return the bounces that the URL asks for as a CSV file."""
    asked = _asked(visit, "/response", classes=True)
    wanted = _wanted(visit, asked, period_of(visit, asked))
    await visit.record(AuditAction.ADDRESSES_EXPORTED, "bounces")
    heading = ("email", "time", "class", "reply", "from", "subject", "message_id", "task")
    rows = _each(visit, visit.services.responses.bounces, wanted)
    return visit.csv_stream("bounces", heading, rows)


async def export_complaints(visit: Visit) -> Answer:
    """Return the complaints that the URL asks for as a CSV file."""
    asked = _asked(visit, "/response/complaints")
    wanted = _wanted(visit, asked, period_of(visit, asked))
    await visit.record(AuditAction.ADDRESSES_EXPORTED, "complaints")
    heading = ("email", "time", "class", "reply", "from", "subject", "message_id", "task")
    rows = _each(visit, visit.services.responses.complaints, wanted)
    return visit.csv_stream("complaints", heading, rows)


async def _each(visit: Visit, ask: Ask, wanted: ResponseWanted) -> AsyncIterator[list[object]]:
    key: Key | None = FIRST
    while key is not None:
        found, key = await ask(wanted, key, _AT_ONCE)
        for row in found:
            at = written(visit, row.at)
            mail = (row.from_address, row.subject, row.public_id, row.task_id)
            yield [row.address, at, row.bounce_class, row.reason, *mail]


def _asked(visit: Visit, path: str, *, classes: bool = False) -> ListQuery:
    filters: dict[str, tuple[str, ...] | None] = dict.fromkeys(("q", "domain", "from", "to"))
    if classes:
        filters["class"] = tuple(one.value for one in BounceClass)
    return read_list(url(path), visit.query, sorts=("at",), usual="-at", filters=filters)


def _wanted(visit: Visit, asked: ListQuery, period: Period) -> ResponseWanted:
    return ResponseWanted(
        account_id=visit.account.id,
        first=period.first,
        end=period.end,
        text=asked["q"],
        domain=asked["domain"].removeprefix("@"),
        bounce_class=asked.filters.get("class", ""),
    )


async def _by_class(visit: Visit, period: Period) -> list[tuple[BounceClass, int]]:
    """Return how many bounces each class had, the most frequent first."""
    wanted = KeysWanted(account_id=visit.account.id, kind=Kind.CLASS, days=list(period.days()))
    found = await visit.services.stats.by_key(wanted)
    known = {one.value: one for one in BounceClass}
    counted = [
        (known[key], volume.bounced)
        for key, volume in found.items()
        if key in known and volume.bounced
    ]
    return sorted(counted, key=lambda item: -item[1])


def _class(row: Response) -> str:
    known = row.bounce_class in tuple(BounceClass)
    return CLASSES[BounceClass(row.bounce_class)].word if known else ""
