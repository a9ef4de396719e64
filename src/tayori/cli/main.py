"""The root of the command and what every command shares: settings, and errors as sentences."""

import sys

import typer
from rich.console import Console

from tayori.cli import suppression
from tayori.cli.access import access_app
from tayori.cli.account import account_app
from tayori.cli.callback import callback_app
from tayori.cli.config import config_app
from tayori.cli.credential import credential_app
from tayori.cli.db import db_app
from tayori.cli.dmarc import dmarc_app
from tayori.cli.dns import dns_app
from tayori.cli.explain import explain_reply
from tayori.cli.explain_bounce import explain_bounce
from tayori.cli.explain_message import explain
from tayori.cli.inbound import inbound_app
from tayori.cli.level import level_app
from tayori.cli.plan import plan
from tayori.cli.queue import queue_app
from tayori.cli.reaction import reaction_app
from tayori.cli.replies import replies_app
from tayori.cli.report import report
from tayori.cli.sandbox import demo, sandbox
from tayori.cli.score import score_app
from tayori.cli.serve import serve, serve_process
from tayori.cli.shaping import shaping_app
from tayori.cli.source import source_app
from tayori.cli.task import task_app
from tayori.cli.template import template_app
from tayori.cli.tls import tls_app
from tayori.cli.tracking import tracking_app
from tayori.cli.usage import credit, usage
from tayori.cli.user import user_app
from tayori.runtime.trouble import Trouble

app = typer.Typer(
    name="tayori",
    help="A self-hosted email sending service.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(account_app, name="account")
app.add_typer(credential_app, name="credential")
app.add_typer(user_app, name="user")
app.add_typer(access_app, name="access")
app.add_typer(level_app, name="level")
app.add_typer(template_app, name="template")
app.add_typer(queue_app, name="queue")
app.add_typer(source_app, name="source")
app.add_typer(task_app, name="task")
app.add_typer(reaction_app, name="reaction")
app.add_typer(callback_app, name="callback")
app.add_typer(tracking_app, name="tracking")
for _name, _commands in suppression.apps():
    app.add_typer(_commands, name=_name)
app.add_typer(inbound_app, name="inbound")
app.add_typer(score_app, name="score")
app.add_typer(dmarc_app, name="dmarc")
app.add_typer(replies_app, name="replies")
app.add_typer(dns_app, name="dns")
app.add_typer(shaping_app, name="shaping")
app.add_typer(tls_app, name="tls")
app.add_typer(config_app, name="config")
app.add_typer(db_app, name="db")
# A negative amount is no option.
account_app.command("credit", context_settings={"ignore_unknown_options": True})(credit)
app.command()(usage)
app.command()(report)
app.command()(explain)
app.command("explain-reply")(explain_reply)
app.command("explain-bounce")(explain_bounce)
app.command()(plan)
app.command()(serve)
app.command()(sandbox)
app.command()(demo)
app.command("serve-process", hidden=True)(serve_process)


def main() -> None:
    """Run the command; a known trouble is one sentence on stderr and status 1."""
    try:
        app()
    except Trouble as error:
        Console(stderr=True).print(str(error), style="red", markup=False, highlight=False)
        sys.exit(1)
