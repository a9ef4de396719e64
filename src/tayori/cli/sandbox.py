"""`tayori sandbox` and `tayori demo`: the whole service on loopback; no mail leaves the machine."""

from pathlib import Path
from typing import Annotated

import typer

HTTP_PORT = 8025
INBOX_PORT = 8026


def sandbox(
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port of the API; 0 takes a free one.")
    ] = None,
    inbox_port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Port of the inbox page; 0 takes a free one."),
    ] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(help="Keep everything here; without it all is forgotten at the end."),
    ] = None,
    public_url: Annotated[
        str,
        typer.Option(
            help="Where links in mails lead, such as https://mail.example.org before a proxy."
        ),
    ] = "",
) -> None:
    """Run Tayori with its own name server, receiving mail server and inbox page on loopback."""
    # Imported here because a server's parts take a second that other commands need not spend.
    from tayori.cli import trial_run
    from tayori.cli.trial import Ports, free_port

    ports = Ports(
        http=free_port(HTTP_PORT) if port is None else port,
        inbox=free_port(INBOX_PORT) if inbox_port is None else inbox_port,
    )
    work = trial_run.run_sandbox(data_dir, ports, public_url)
    raise typer.Exit(trial_run.run_to_end(work))


def demo(
    leave: Annotated[
        bool, typer.Option("--exit", help="End by itself, with status 0 or 1.")
    ] = False,
) -> None:
    """Start the sandbox, send mails, and show them as they were received."""
    from tayori.cli.demo import run_demo
    from tayori.cli.trial_run import run_to_end

    raise typer.Exit(run_to_end(run_demo(leave=leave)))
