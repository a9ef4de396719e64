"""How commands print: a table for people, JSON for scripts."""

from collections.abc import Mapping, Sequence

import msgspec
from rich.console import Console
from rich.table import Table


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
        table.add_row(*(str(value) for value in row.values()))
    Console(highlight=False).print(table, markup=False)


def show_one(row: Mapping[str, object], *, as_json: bool) -> None:
    """Print one thing, a line per key."""
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(row)).decode())
        return
    width = max(map(len, row))
    for name, value in row.items():
        print(f"{name:<{width}}  {value}")
