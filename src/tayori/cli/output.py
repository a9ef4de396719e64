"""How commands print: a table for people, JSON for scripts."""

import sys
from collections.abc import Mapping, Sequence

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

_FILE_WIDTH = 1_000
"""Columns of a table that goes to a file or a pipe, where nothing has to fit a screen."""


def show(rows: Sequence[Mapping[str, object]], *, as_json: bool) -> None:
    """Print rows that share their keys."""
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(rows)).decode())
        return
    if not rows:
        print("Nothing.")
        return
    table = Table(box=None, pad_edge=False)
    for name in rows[0]:
        table.add_column(name, overflow="fold")
    for row in rows:
        # As Text, so that brackets in a stranger's words are no markup.
        table.add_row(*(Text(_cell(value)) for value in row.values()))
    width = None if sys.stdout.isatty() else _FILE_WIDTH
    Console(highlight=False, width=width).print(table)


def show_one(row: Mapping[str, object], *, as_json: bool) -> None:
    """Print one thing, a line per key."""
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(row)).decode())
        return
    width = max(map(len, row))
    for name, value in row.items():
        print(f"{name:<{width}}  {_cell(value)}".rstrip())


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)
