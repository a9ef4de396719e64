"""`tayori plan`: when a list would be finished, day by day, before its task is created."""

from typing import Annotated

import typer

from tayori.app.parts import Parts
from tayori.app.reputation import build_planner
from tayori.cli.instants import instant
from tayori.cli.opened import CommandError, done, run
from tayori.cli.options import AsJson, ConfigFile
from tayori.cli.output import show, show_one
from tayori.mail.address import AddressError, parse_domain
from tayori.reputation.planner import USUAL_DELIVERED, Plan


def plan(
    domain: Annotated[str, typer.Option(help="The sender domain, of any account.")],
    recipients: Annotated[int, typer.Option(min=1, help="How many the list has.")],
    delivered: Annotated[
        float, typer.Option(min=0, max=1, help="The share of mails that arrives.")
    ] = USUAL_DELIVERED,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show day by day how many mails of a list will be out if its task began now."""

    async def work(parts: Parts) -> dict[str, object]:
        name = parse_domain(domain)
        if isinstance(name, AddressError):
            raise CommandError(name.sentence)
        found = done(await build_planner(parts).plan(name, recipients, delivered=delivered))
        return {
            "domain": name,
            "recipients": recipients,
            "finished_at": instant(found.finished_at, parts.zone) or None,
            "days": _rows(found),
        }

    found = run(config, work)
    if as_json:
        show_one(found, as_json=True)
        return
    days = found.pop("days")
    show(days if isinstance(days, list) else [], as_json=False)
    print(f"\nFinished: {found['finished_at'] or 'not within the days shown'}")


def _rows(found: Plan) -> list[dict[str, object]]:
    return [
        {
            "day": day.day,
            "level": day.level,
            "level_after": day.level_after,
            "per_day": day.per_day,
            "mails": day.mails,
            "total": day.total,
        }
        for day in found.days
    ]
