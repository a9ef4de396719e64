"""Statistics: what became of the account's mails, by day and by all that counts are kept by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from starlette.responses import Response

from tayori.edge.console.access import Page, Right, page
from tayori.edge.console.languages import N_
from tayori.edge.console.rendering import url
from tayori.edge.console.visit import Visit
from tayori.runtime.clock import day_of
from tayori.stats.model import Volume
from tayori.stats.reports import By, Line, Reports

USUAL_DAYS: Final = 30
PERIODS: Final = (7, 30, 90)
MOST_DAYS: Final = 366
MOST_LINES: Final = 25
"""Lines of a report that a page shows: those with the most mails; a file has all."""
VIEWS: Final[Mapping[By, str]] = {
    By.DAY: N_("By day"),
    By.DOMAIN: N_("By sender domain"),
    By.SENDER: N_("By sender"),
    By.TEMPLATE: N_("By template"),
    By.TASK: N_("By task"),
    By.PROVIDER: N_("By receiving provider"),
    By.MAILBOX: N_("By recipient domain"),
}
HEADINGS: Final[Mapping[By, str]] = {
    By.DAY: N_("Day"),
    By.DOMAIN: N_("Domain"),
    By.SENDER: N_("Sender"),
    By.TEMPLATE: N_("Template"),
    By.TASK: N_("Task"),
    By.PROVIDER: N_("Provider"),
    By.MAILBOX: N_("Domain"),
}
SERIES: Final[Mapping[str, tuple[str, str]]] = {
    "requested": (N_("Requested"), ""),
    "accepted": (N_("Accepted"), ""),
    "delivered": (N_("Delivered"), "success"),
    "bounced": (N_("Bounced"), "danger"),
    "opened": (N_("Opened"), "info"),
    "clicked": (N_("Clicked"), ""),
    "unsubscribed": (N_("Unsubscribed"), ""),
    "complained": (N_("Complained"), "warning"),
}
"""What is shown of each line, with the tone in charts."""
RATES: Final[Mapping[str, str]] = {
    "bounced": N_("Bounce rate"),
    "opened": N_("Open rate"),
    "complained": N_("Complaint rate"),
}
_UNKNOWN_BEFORE_ATTEMPTS: Final = frozenset({"requested", "accepted"})
"""Nobody knows a mail's provider before an attempt, so these are not counted by it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the URL asks for; `fault` tells that its days could not be used."""

    by: By
    days: Sequence[str]
    period: int
    """Days until today, 0 for days of the visitor's choice."""
    fault: bool = False

    def url(self, by: By | None = None, *, path: str = "/statistics", period: int = 0) -> str:
        """Return the address of the same days seen otherwise, or of another period."""
        by, period = by or self.by, period or self.period
        view = "" if by is By.DAY else by.value
        if period:
            return url(path, by=view, days="" if period == USUAL_DAYS else period)
        return url(path, by=view, first=self.days[0], last=self.days[-1])


def routes() -> list[Page]:
    """Return the pages of this area."""
    return [
        page("/statistics", Right.LOOK, show),
        page("/statistics/report.csv", Right.LOOK, export),
    ]


async def show(visit: Visit) -> Response:
    """Show a report as chart and table, with rates beside their thresholds."""
    asked = _asked(visit)
    lines = await _lines(visit, asked)
    total = Volume()
    for line in lines:
        total = total.plus(line.volume)
    shown = _all_days(visit, asked, lines) if asked.by is By.DAY else _largest(lines)
    names = await _names(visit, asked.by, shown)
    return visit.page(
        "statistics/show.html.j2",
        asked=asked,
        views=VIEWS,
        heading=HEADINGS[asked.by],
        periods=PERIODS,
        total=_reports(visit).line("", total),
        lines=shown,
        names=names,
        labels=[names[line.key] for line in shown],
        series=_series(visit, asked.by, shown),
        left_out=len(lines) - len(shown) if asked.by is not By.DAY else 0,
        rates=RATES,
        rules=visit.services.settings.reputation,
        By=By,
    )


async def export(visit: Visit) -> Response:
    """Send all lines of a report as CSV, under the names that the API has for its numbers."""
    asked = _asked(visit)
    lines = await _lines(visit, asked)
    heading = (asked.by.value, *Volume._fields, *(f"{name}_share" for name in RATES))
    rows = (
        (line.key, *line.volume, *(round(line.rates[name].share, 6) for name in RATES))
        for line in lines
    )
    name = f"statistics-{asked.by.value}-{asked.days[0]}-{asked.days[-1]}"
    return visit.csv(name, heading, rows)


def _asked(visit: Visit) -> Asked:
    query = visit.query
    view = query.get("by", "")
    by = By(view) if view in tuple(By) else By.DAY
    today = date.fromisoformat(day_of(visit.services.clock.now(), visit.services.zone))
    first, last = query.get("first", ""), query.get("last", "")
    chosen = _between(first, last, today) if first or last else None
    if chosen is not None:
        return Asked(by=by, days=chosen, period=0)
    asked = query.get("days", "")
    period = next((each for each in PERIODS if str(each) == asked), USUAL_DAYS)
    days = _until(today, period)
    return Asked(by=by, days=days, period=period, fault=bool(first or last))


def _between(first: str, last: str, today: date) -> list[str] | None:
    """Return the days between two, None when that is no period of at most a year and a day."""
    try:
        end = date.fromisoformat(last) if last else today
        begin = date.fromisoformat(first)
    except ValueError:
        return None
    number = (end - begin).days + 1
    return _until(end, number) if 1 <= number <= MOST_DAYS else None


def _until(end: date, number: int) -> list[str]:
    return [str(end - timedelta(days=back)) for back in range(number - 1, -1, -1)]


def _reports(visit: Visit) -> Reports:
    return Reports(visit.services.stats, visit.services.settings.reputation)


async def _lines(visit: Visit, asked: Asked) -> list[Line]:
    return await _reports(visit).lines(visit.account.id, asked.by, asked.days)


def _all_days(visit: Visit, asked: Asked, lines: Sequence[Line]) -> list[Line]:
    """Return a line for every day, so that a chart shows quiet days as such."""
    known = {line.key: line for line in lines}
    reports = _reports(visit)
    return [known.get(day) or reports.line(day, Volume()) for day in asked.days]


def _largest(lines: Sequence[Line]) -> list[Line]:
    return sorted(lines, key=lambda line: (-_size(line.volume), line.key))[:MOST_LINES]


def _size(volume: Volume) -> int:
    return max(volume.requested, volume.delivered + volume.bounced)


def _series(visit: Visit, by: By, lines: Sequence[Line]) -> list[dict[str, Any]]:
    """Return what the chart and its table show."""
    hidden = _UNKNOWN_BEFORE_ATTEMPTS if by is By.PROVIDER else frozenset()
    return [
        {
            "name": visit.gettext(text),
            "values": [getattr(line.volume, name) for line in lines],
            **({"tone": tone} if tone else {}),
        }
        for name, (text, tone) in SERIES.items()
        if name not in hidden
    ]


async def _names(visit: Visit, by: By, lines: Sequence[Line]) -> dict[str, str]:
    """Return how the keys of lines are called."""
    return {line.key: await _name(visit, by, line.key) for line in lines}


async def _name(visit: Visit, by: By, key: str) -> str:
    if by is By.DAY:
        return key
    if not key or key == "0":
        return visit.gettext("Others") if by is By.PROVIDER else visit.gettext("Without")
    if by is By.TEMPLATE and key.isdecimal():
        found = await visit.services.templates.find(visit.account.id, int(key))
        return f"{found.template.name} ({key})" if found else key
    if by is By.TASK and key.isdecimal():
        task = await visit.services.tasks.get(int(key))
        mine = task is not None and task.account_id == visit.account.id
        return f"{task.order.subject} ({key})" if task is not None and mine else key
    return key
