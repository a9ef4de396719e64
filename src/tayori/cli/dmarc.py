"""`tayori dmarc`: what receivers report about mail in the name of a domain."""

from typing import Annotated

import typer

from tayori.app.parts import Parts
from tayori.cli.instants import instant
from tayori.cli.opened import CommandError, run
from tayori.cli.options import AsJson, ConfigFile
from tayori.cli.output import show
from tayori.inbound.dmarc_store import DmarcStore
from tayori.mail.address import AddressError, parse_domain
from tayori.runtime.clock import DAY

dmarc_app = typer.Typer(
    help="What receivers report about mail in the name of a domain.", no_args_is_help=True
)

OfDomain = Annotated[str, typer.Argument(metavar="DOMAIN", help="The domain of the reports.")]
Days = Annotated[int, typer.Option("--days", min=1, help="Reports of so many days.")]


@dmarc_app.command("report")
def report(
    domain: OfDomain,
    *,
    days: Days = 30,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 100,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show mails by source and result, summed over all receivers, the most at the top."""

    async def work(parts: Parts) -> list[dict[str, object]]:
        since = parts.clock.now() - days * DAY
        found = await DmarcStore(parts.database).sums(_name(domain), since, limit)
        return [
            {
                "source": each.source,
                "header_from": each.header_from,
                "mails": each.mails,
                "dkim": each.dkim,
                "spf": each.spf,
                "dmarc": "pass" if "pass" in {each.dkim, each.spf} else "fail",
                "disposition": each.disposition,
            }
            for each in found
        ]

    show(run(config, work), as_json=as_json)


@dmarc_app.command("reporters")
def reporters(
    domain: OfDomain, *, days: Days = 30, config: ConfigFile = None, as_json: AsJson = False
) -> None:
    """Show who reported, how often, and up to when."""

    async def work(parts: Parts) -> list[dict[str, object]]:
        since = parts.clock.now() - days * DAY
        found = await DmarcStore(parts.database).reporters(_name(domain), since)
        return [
            {
                "organisation": each.organisation,
                "reports": each.reports,
                "until": instant(each.latest, parts.zone),
            }
            for each in found
        ]

    show(run(config, work), as_json=as_json)


def _name(text: str) -> str:
    name = parse_domain(text)
    if isinstance(name, AddressError):
        raise CommandError(name.sentence)
    return name
