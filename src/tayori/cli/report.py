"""`tayori report`: what was asked for and what became of it, by day, domain, task and so on."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated

import typer

from tayori.app.parts import Parts
from tayori.cli.opened import CommandError, account_named, run
from tayori.cli.options import AsCsv, AsJson, ConfigFile
from tayori.cli.output import show, show_csv
from tayori.runtime.clock import day_of
from tayori.stats.model import Volume
from tayori.stats.reports import By, Line, Rate, Reports, Verdict
from tayori.stats.store import StatsStore

MOST_DAYS = 366
Which = Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account's id, AppId or name.")]
TOTAL = "total"


def report(
    account: Which,
    *,
    by: Annotated[By, typer.Option("--by", help="What there is a line for.")] = By.DAY,
    first: Annotated[str, typer.Option("--from", help="First day; a week ago by itself.")] = "",
    last: Annotated[str, typer.Option("--to", help="Last day; today by itself.")] = "",
    config: ConfigFile = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Show counts and rates of an account's mails; a rate on its wrong side is marked with "!"."""

    async def work(parts: Parts) -> list[Line]:
        found = await account_named(parts, account)
        days = days_between(first, last, day_of(parts.clock.now(), parts.zone))
        reports = Reports(StatsStore(parts.database), parts.settings.reputation)
        lines = await reports.lines(found.id, by, days)
        total = Volume()
        for line in lines:
            total = total.plus(line.volume)
        return [*lines, reports.line(TOTAL, total)] if lines else []

    lines = run(config, work)
    if as_json:
        show([_whole(line, by) for line in lines], as_json=True)
    elif as_csv:
        show_csv([_flat(line, by) for line in lines])
    else:
        show([_short(line, by) for line in lines], as_json=False)


def days_between(first: str, last: str, today: str) -> Sequence[str]:
    """Return every day from the first to the last, "" for the usual ones; CommandError."""
    try:
        end = date.fromisoformat(last or today)
        begin = date.fromisoformat(first) if first else end - timedelta(days=6)
    except ValueError as error:
        raise CommandError("A day is written like 2026-11-24.") from error
    number = (end - begin).days + 1
    if not 1 <= number <= MOST_DAYS:
        raise CommandError(f"A report spans 1 to {MOST_DAYS} days; these are {number}.")
    return [str(begin + timedelta(days=offset)) for offset in range(number)]


def _whole(line: Line, by: By) -> dict[str, object]:
    rates = {
        name: {
            "share": round(rate.share, 6),
            "threshold": rate.threshold,
            "verdict": rate.verdict.value,
        }
        for name, rate in line.rates.items()
    }
    return {by.value: line.key, **line.volume._asdict(), "rates": rates}


def _flat(line: Line, by: By) -> dict[str, object]:
    rates = {f"{name}_share": f"{rate.share:.6f}" for name, rate in line.rates.items()}
    return {by.value: line.key, **line.volume._asdict(), **rates}


def _short(line: Line, by: By) -> dict[str, object]:
    rates = {f"{name} %": _percent(rate) for name, rate in line.rates.items()}
    return {by.value: line.key or "(other)", **line.volume._asdict(), **rates}


def _percent(rate: Rate) -> str:
    if not rate.whole:
        return ""
    mark = " !" if rate.verdict is Verdict.BAD else ""
    return f"{rate.share:.1%} of {rate.threshold:.1%}{mark}"
