"""`tayori serve`: the server; and the processes that it starts."""

from typing import Annotated

import typer

from tayori.app.roles import Kind, read_roles
from tayori.cli.options import ConfigFile, settings

Roles = Annotated[
    str, typer.Option(help="Comma-separated roles of this server; all when not given.")
]


def serve(config: ConfigFile = None, roles: Roles = "") -> None:
    """Run the server until SIGTERM or Ctrl-C."""
    # Imported here because the server's parts take a second that other commands need not spend.
    from tayori.app import serve as server

    server.serve(settings(config), config, read_roles(roles))


def serve_process(
    kind: Kind,
    control: Annotated[int, typer.Option()],
    roles: Roles = "",
    socket: Annotated[list[str] | None, typer.Option()] = None,
    config: ConfigFile = None,
) -> None:
    """Be one process of a running server; the server starts it."""
    from tayori.app import serve as server

    pairs = (text.rpartition("=") for text in socket or [])
    descriptors = {name: int(number) for name, _, number in pairs}
    server.serve_process(settings(config), kind, read_roles(roles), descriptors, control)
