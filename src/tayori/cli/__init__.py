"""The command line: `tayori`. Each command prints a table, and JSON with `--json`."""

from tayori.cli.main import main

__all__ = ["main"]
