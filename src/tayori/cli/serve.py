"""`tayori serve`: the server."""

from typing import Annotated

import typer

from tayori.app.roles import read_roles
from tayori.cli.options import ConfigFile, settings

Roles = Annotated[
    str, typer.Option(help="Comma-separated roles of this server; all when not given.")
]


def serve(config: ConfigFile = None, roles: Roles = "") -> None:
    """Run the server until SIGTERM or Ctrl-C."""
    # Imported here because the server's parts take a second that other commands need not spend.
    from tayori.app import serve as server

    server.serve(settings(config), read_roles(roles))
