"""`tayori db`: the state of the schema, and its migrations."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from tayori.cli.options import AsJson, ConfigFile, settings
from tayori.cli.output import show_one
from tayori.config.tree import Settings
from tayori.db.open import database_url

if TYPE_CHECKING:
    from tayori.db.migrate import SchemaStatus

db_app = typer.Typer(help="Look after the database.", no_args_is_help=True)


@db_app.command("status")
def status(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Show the schema's revision and whether migrations are pending."""
    from tayori.db import migrate

    _show(asyncio.run(migrate.status(_url(settings(config)))), as_json=as_json)


@db_app.command("upgrade")
def upgrade(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Run the pending migrations. Stop all processes and take a backup first."""
    from tayori.db import migrate

    _show(asyncio.run(migrate.upgrade(_url(settings(config)))), as_json=as_json)


def _url(tree: Settings) -> str:
    data_dir = Path(tree.data_dir)
    data_dir.mkdir(parents=True, exist_ok=True)
    return database_url(tree.database.url, data_dir)


def _show(found: "SchemaStatus", *, as_json: bool) -> None:
    row = {
        "current": found.current or "(empty)",
        "newest": found.newest,
        "pending": not found.up_to_date,
    }
    show_one(row, as_json=as_json)
