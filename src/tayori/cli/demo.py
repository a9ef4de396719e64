"""`tayori demo`: the sandbox, mails sent through its doors, and what became of them.

Each step sends and says what it expects. A mail counts when it was received with DKIM signatures
that hold (or was refused where that is expected) and the SDK reads back the right status.
"""

import asyncio
from collections.abc import Callable
from functools import partial

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.panel import Panel
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
)
from rich.table import Table
from rich.text import Text

from tayori.cli.demo_bulk import send_by_task
from tayori.cli.demo_sdk import SdkClient, SdkMissingError, send_by_sdk
from tayori.cli.demo_smtp import send_by_smtp
from tayori.cli.demo_step import DELIVERED, STATUS_NAMES, Expected, Fate, Seen, Step
from tayori.cli.trial import Ports, Trial, trial
from tayori.cli.trial_run import addresses, until_stopped
from tayori.runtime.service import stop_on_signals

STEPS: tuple[Step, ...] = (
    Step(name="Sending by the official Python SDK", send=send_by_sdk),
    Step(name="Sending by SMTP", send=send_by_smtp),
    Step(name="Sending to a list by a bulk task", send=send_by_task),
)
"""In order; another door is another step."""
WAIT_S = 60.0
_LOOK_S = 0.2
_SHOWN = 20


async def run_demo(*, leave: bool) -> int:
    """Run the demo; return the status of the command."""
    console = Console()
    stopping = asyncio.Event()
    stop_on_signals(stopping)
    try:
        with console.status("Starting the sandbox …") as starting:
            async with trial(None, Ports()) as found:
                starting.stop()
                good = report(console, await _send_and_follow(console, found))
                if not leave:
                    title = "The sandbox stays up; end with Ctrl-C"
                    console.print(Panel(addresses(found), title=title, title_align="left"))
                    await until_stopped(found, stopping)
    except SdkMissingError as error:
        console.print(str(error), style="red", markup=False)
        return 1
    return 0 if good else 1


async def _send_and_follow(console: Console, found: Trial) -> list[Seen]:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console) as progress:
        expected: list[Expected] = []
        for step in STEPS:
            bar = progress.add_task(step.name, total=None)
            expected += await step.send(found, partial(_advance, progress, bar))
        bar = progress.add_task("Learning what became of them", total=len(expected))
        return await follow(found, expected, lambda done: progress.update(bar, completed=done))


def _advance(progress: Progress, bar: TaskID, total: int) -> None:
    progress.update(bar, total=total, advance=1)


async def follow(found: Trial, expected: list[Expected], tell: Callable[[int], None]) -> list[Seen]:
    """Return what became of the mails, as soon as all have come to an end or after a minute."""
    client = SdkClient(found)
    fates: dict[tuple[str, str], Fate] = {}
    try:
        async with asyncio.timeout(WAIT_S):
            while True:
                fates = await client.fates()
                ended = [one for one in expected if _ended(fates.get((one.message_id, one.to)))]
                tell(len(ended))
                if len(ended) == len(expected):
                    break
                await asyncio.sleep(_LOOK_S)
    except TimeoutError:
        pass
    return [await _seen(found, one, fates.get((one.message_id, one.to))) for one in expected]


def _ended(fate: Fate | None) -> bool:
    return fate is not None and STATUS_NAMES.get(fate.status) not in {"queued", "deferred"}


async def _seen(found: Trial, expected: Expected, fate: Fate | None) -> Seen:
    received = found.world.mailbox.matching(lambda mail: expected.to in mail.recipients)
    mail = received[-1] if received else None
    dkim = await found.world.verifier.verify(mail.raw) if mail is not None else ()
    return Seen(expected=expected, fate=fate, mail=mail, dkim=dkim)


def report(console: Console, seen: list[Seen]) -> bool:
    """Print a table of the mails; return whether all is as expected."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in ("", "By", "To", "Subject", "As received", "Status told by the API"):
        table.add_column(name, overflow="fold")
    for one in seen[:_SHOWN]:
        table.add_row(*_cells(one))
    console.print(table)
    if len(seen) > _SHOWN:
        console.print(f"… and {len(seen) - _SHOWN} more.", style="dim")
    wrong = sum(not one.good for one in seen)
    if wrong or not seen:
        sentence = f"{wrong} of {len(seen)} mails did not come to what was expected."
        console.print(sentence, style="bold red")
    else:
        console.print(f"All {len(seen)} mails came to what was expected.", style="bold green")
    return bool(seen) and not wrong


def _cells(one: Seen) -> list[Text]:
    return [
        Text("✓", "bold green") if one.good else Text("✗", "bold red"),
        Text(one.expected.door),
        Text(one.expected.to),
        Text(one.expected.subject),
        _received(one),
        _status(one.fate),
    ]


def _status(fate: Fate | None) -> Text:
    if fate is None:
        return Text("unknown", "red")
    name = STATUS_NAMES.get(fate.status, str(fate.status))
    return Text(name) if fate.status == DELIVERED else Text(f"{name}: {fate.reply}", "yellow")


def _received(one: Seen) -> Text:
    if one.mail is None:
        return Text("not received", "dim")
    failed = [result.reason for result in one.dkim if not result.passed]
    if failed or not one.dkim:
        return Text(f"DKIM ✗ {failed[0] if failed else 'unsigned'}", "red")
    tls = one.mail.tls.partition(" ")[0].replace("TLSv", "TLS ") or "no TLS"
    return Text(f"DKIM ✓ {one.dkim[0].domain}, {tls}", "green")
