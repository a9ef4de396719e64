"""The root of the command and what every command shares: settings, and errors as sentences.

Only the module of the command that is asked for is read, since all of them together take a second.
"""

import sys
from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any, Final, NamedTuple

import typer
from rich.console import Console

from tayori.runtime.trouble import Trouble


class _Place(NamedTuple):
    """Where a command is: a module of this package and a name in it."""

    module: str
    name: str


_GROUPS: Final[Mapping[str, _Place]] = {
    "account": _Place("account", "account_app"),
    "credential": _Place("credential", "credential_app"),
    "user": _Place("user", "user_app"),
    "access": _Place("access", "access_app"),
    "level": _Place("level", "level_app"),
    "template": _Place("template", "template_app"),
    "queue": _Place("queue", "queue_app"),
    "source": _Place("source", "source_app"),
    "task": _Place("task", "task_app"),
    "reaction": _Place("reaction", "reaction_app"),
    "callback": _Place("callback", "callback_app"),
    "tracking": _Place("tracking", "tracking_app"),
    "blacklist": _Place("suppression", "blacklist_app"),
    "custom-blacklist": _Place("suppression", "custom_blacklist_app"),
    "unsubscribed": _Place("suppression", "unsubscribed_app"),
    "inbound": _Place("inbound", "inbound_app"),
    "score": _Place("score", "score_app"),
    "dmarc": _Place("dmarc", "dmarc_app"),
    "replies": _Place("replies", "replies_app"),
    "dns": _Place("dns", "dns_app"),
    "shaping": _Place("shaping", "shaping_app"),
    "tls": _Place("tls", "tls_app"),
    "config": _Place("config", "config_app"),
    "db": _Place("db", "db_app"),
}
_COMMANDS: Final[Mapping[str, _Place]] = {
    "usage": _Place("usage", "usage"),
    "report": _Place("report", "report"),
    "explain": _Place("explain_message", "explain"),
    "explain-reply": _Place("explain", "explain_reply"),
    "explain-bounce": _Place("explain_bounce", "explain_bounce"),
    "plan": _Place("plan", "plan"),
    "serve": _Place("serve", "serve"),
    "sandbox": _Place("sandbox", "sandbox"),
    "demo": _Place("sandbox", "demo"),
}
NAMES: Final = (*_GROUPS, *_COMMANDS)
"""What can stand behind `tayori`."""


def build(names: Iterable[str] = NAMES) -> typer.Typer:
    """Return the command with these of its commands."""
    app = typer.Typer(
        name="tayori",
        help="A self-hosted email sending service.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        # Without one, a single command would have no name of its own.
        callback=lambda: None,
    )
    for name in names:
        if name in _GROUPS:
            app.add_typer(_found(_GROUPS[name]), name=name)
        else:
            app.command(name)(_found(_COMMANDS[name]))
    return app


def main() -> None:
    """Run the command; a known trouble is one sentence on stderr and status 1."""
    asked = sys.argv[1] if len(sys.argv) > 1 else ""
    app = build([asked] if asked in NAMES else NAMES)
    try:
        app()
    except Trouble as error:
        Console(stderr=True).print(str(error), style="red", markup=False, highlight=False)
        sys.exit(1)


def _found(place: _Place) -> Any:
    return getattr(import_module(f"tayori.cli.{place.module}"), place.name)
