"""How commands print: a table for people, JSON for scripts."""

import csv
import re
import sys
from collections.abc import Mapping, Sequence

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tayori.refusal.saying import Saying

_FORMULA = re.compile(r"[=+@\t\r]|-(?!\d+(\.\d+)?\Z)")
_FILE_WIDTH = 1_000
"""Columns of a table that goes to a file or a pipe, where nothing has to fit a screen."""


def show(rows: Sequence[Mapping[str, object]], *, as_json: bool) -> None:
    """Print rows that share their keys."""
    if as_json:
        print(_json(rows))
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


def show_csv(rows: Sequence[Mapping[str, object]]) -> None:
    """Print rows that share their keys as CSV (RFC 4180); no rows print nothing.

    A text that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    written = csv.writer(sys.stdout)
    for place, row in enumerate(rows):
        if not place:
            written.writerow(row)
        written.writerow([_harmless(value) for value in row.values()])


def _harmless(value: object) -> str:
    text = _cell(value)
    return f"'{text}" if isinstance(value, str) and _FORMULA.match(text) else text


def show_one(row: Mapping[str, object], *, as_json: bool) -> None:
    """Print one thing, a line per key."""
    if as_json:
        print(_json(row))
        return
    width = max(map(len, row))
    for name, value in row.items():
        print(f"{name:<{width}}  {_cell(value)}".rstrip())


def _json(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(_told(value))).decode()


def _told(value: object) -> object:
    """Return a value with its sayings in English, as commands say them."""
    if isinstance(value, Saying):
        return value.english
    if isinstance(value, Mapping):
        return {name: _told(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_told(each) for each in value]
    return value


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)
