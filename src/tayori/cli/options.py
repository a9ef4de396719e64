"""Options that several commands take."""

import os
from pathlib import Path
from typing import Annotated

import typer

from tayori.config.load import load
from tayori.config.tree import Settings

ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", help="Settings file (TOML)."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV instead of a table.")]


def settings(file: Path | None) -> Settings:
    """Return the settings of this process."""
    return load(file, os.environ)
