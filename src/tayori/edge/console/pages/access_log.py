"""The log of API calls of an account: who called what, from where, and how it was answered."""

import re
from datetime import date
from typing import Final

from starlette.responses import Response

from tayori.edge.console.access import Page, Right, page
from tayori.edge.console.lists import ListQuery, read_list
from tayori.edge.console.lists import Page as Rows
from tayori.edge.console.rendering import url
from tayori.edge.console.visit import Visit
from tayori.runtime.clock import day_range
from tayori.tenants.api_log_store import ENDLESS, OK, Entry, Filter, Mark

ROWS: Final = 50
_MARK: Final = re.compile(r"([0-9]{1,18})\.([0-9]{1,18})\Z")


def routes() -> list[Page]:
    """Return the pages of this area."""
    return [page("/access-log", Right.LOOK, listing)]


async def listing(visit: Visit) -> Response:
    """Show calls, the newest first."""
    asked = read_list(
        url("/access-log"),
        visit.query,
        sorts=("at",),
        usual="-at",
        filters={"action": None, "code": None, "day": None},
        rows=ROWS,
    )
    since, until = _period(asked["day"], visit)
    found = await visit.services.operating.calls.page(
        Filter(
            account_id=visit.account.id,
            since=since,
            until=until,
            action=asked["action"],
            code=asked["code"],
            limit=asked.rows,
            behind=_mark(asked),
        )
    )
    following = f"{found.next.at}.{found.next.id}" if found.next else ""
    rows: Rows[Entry] = Rows(
        rows=found.entries, query=asked, has_next=bool(following), next_key=following
    )
    kept = visit.services.settings.http.access_log_days
    return visit.page("access_log/list.html.j2", page=rows, ok=OK, kept=kept)


def _period(day: str, visit: Visit) -> tuple[int, int]:
    """Return the instants of a day of the visitor's; all time when none is named."""
    try:
        return day_range(date.fromisoformat(day).isoformat(), visit.visitor.zone)
    except (ValueError, OverflowError):
        return 0, ENDLESS


def _mark(asked: ListQuery) -> Mark | None:
    found = _MARK.match(asked.after)
    return Mark(int(found[1]), int(found[2])) if found else None
