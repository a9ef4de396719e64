"""`tayori access`: what an account called of the API, and how it was answered."""

import re
from datetime import datetime, tzinfo
from typing import Annotated, Final

import typer

from tayori.app.parts import Parts
from tayori.cli.account import Which
from tayori.cli.instants import instant
from tayori.cli.opened import CommandError, account_named, run
from tayori.cli.options import AsJson, ConfigFile
from tayori.cli.output import show
from tayori.runtime.clock import DAY, HOUR, MINUTE, SECOND
from tayori.tenants.api_log_store import AccessStore, Entry, Filter

access_app = typer.Typer(help="Look into the log of API calls.", no_args_is_help=True)

_SPAN: Final = re.compile(r"([0-9]{1,6})(s|min|h|d)\Z")
_UNITS: Final = {"s": SECOND, "min": MINUTE, "h": HOUR, "d": DAY}


@access_app.command("list")
def list_calls(
    account: Which,
    *,
    since: Annotated[
        str,
        typer.Option(help="Only calls since then: 2026-11-24, 2026-11-24T10:00, 90min, 2h or 7d."),
    ] = "",
    action: Annotated[str, typer.Option(help="Only calls of this action.")] = "",
    code: Annotated[str, typer.Option(help="Only calls with this error code; OK = success.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show an account's authenticated calls, newest first; a call appears within a second."""

    async def work(parts: Parts) -> list[dict[str, object]]:
        wanted = Filter(
            account_id=(await account_named(parts, account)).id,
            since=read_since(since, parts.clock.now(), parts.zone) if since else 0,
            action=action,
            code=code,
            limit=limit,
        )
        found = await AccessStore(parts.database).find(wanted)
        return [_row(entry, parts.zone) for entry in found]

    show(run(config, work), as_json=as_json)


def read_since(text: str, now: int, zone: tzinfo) -> int:
    """Return the instant that is meant, in milliseconds since the Unix epoch; CommandError.

    A time without an offset is in the zone of the service.
    """
    span = _SPAN.match(text)
    if span is not None:
        return now - int(span[1]) * _UNITS[span[2]]
    try:
        moment = datetime.fromisoformat(text)
        return int((moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp() * SECOND)
    except (ValueError, OverflowError) as error:
        raise CommandError(
            f"--since {text}: write a time such as 2026-11-24 or 2026-11-24T10:00, or how long "
            "ago: 90min, 2h, 7d."
        ) from error


def _row(entry: Entry, zone: tzinfo) -> dict[str, object]:
    return {
        "at": instant(entry.at, zone),
        "action": entry.action,
        "code": entry.code,
        "secret_id": entry.secret_id,
        "source": entry.source,
        "request_id": entry.request_id,
    }
