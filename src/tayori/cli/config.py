"""`tayori config`: check the settings, or show what is in force."""

from pathlib import Path

import typer

from tayori.classify.current import BounceRules
from tayori.cli.options import AsJson, ConfigFile, settings
from tayori.cli.output import show, show_one
from tayori.cli.shaping import rules_of
from tayori.config.shown import shown
from tayori.inbound.autoreply_rules import AutoReplyRules
from tayori.screen.review import Reviewer

config_app = typer.Typer(help="Check and show the settings.", no_args_is_help=True)


@config_app.command("check")
def check(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Say whether the settings and the rules can be used."""
    tree = settings(config)
    rules_of(tree)
    BounceRules(Path(tree.data_dir))
    Reviewer(Path(tree.data_dir))
    AutoReplyRules(Path(tree.data_dir))
    show_one({"settings": "good"}, as_json=as_json)


@config_app.command("show")
def show_settings(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Show every setting with the value in force; passwords are masked."""
    show([{"key": key, "value": value} for key, value in shown(settings(config))], as_json=as_json)
