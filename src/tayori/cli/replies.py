"""`tayori replies`: what receivers say that no rule understands."""

from datetime import tzinfo
from typing import Annotated

import typer

from tayori.app.parts import Parts
from tayori.cli.instants import instant
from tayori.cli.opened import run
from tayori.cli.options import AsJson, ConfigFile
from tayori.cli.output import show, show_one
from tayori.queue.unclassified_store import Unclassified, UnclassifiedStore

replies_app = typer.Typer(help="What receivers say that is not understood.", no_args_is_help=True)

Limit = Annotated[int, typer.Option("--limit", min=1, help="At most so many.")]
OfProvider = Annotated[
    str | None, typer.Option("--provider", help='Only this provider\'s; "" is of no provider.')
]


@replies_app.command("unclassified")
def list_unclassified(
    *, limit: Limit = 50, config: ConfigFile = None, as_json: AsJson = False
) -> None:
    """Show texts that no rule understands, the most frequent first."""

    async def work(parts: Parts) -> list[dict[str, object]]:
        found = await UnclassifiedStore(parts.database).most(limit)
        return [_row(item, parts.zone) for item in found]

    show(run(config, work), as_json=as_json)


@replies_app.command("forget")
def forget(
    *, provider: OfProvider = None, config: ConfigFile = None, as_json: AsJson = False
) -> None:
    """Begin to count again, for example after rules were added."""

    async def work(parts: Parts) -> int:
        return await UnclassifiedStore(parts.database).forget(provider)

    show_one({"forgotten": run(config, work)}, as_json=as_json)


def _row(item: Unclassified, zone: tzinfo) -> dict[str, object]:
    return {
        "provider": item.provider,
        "code": item.code,
        "text": item.text,
        "count": item.count,
        "first_at": instant(item.first_at, zone),
        "last_at": instant(item.last_at, zone),
        "example": item.example,
    }
