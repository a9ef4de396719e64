"""The tables of docs/screening.md, made from the rules and what they do with the corpus.

`python -m tests.support.screening_tables` writes them into the page; a test tells when it is old.
"""

import re
from collections.abc import Callable
from pathlib import Path

from tayori.screen.score.grade import table

PAGE = Path(__file__).parents[2] / "docs/screening.md"


def checks() -> list[str]:
    """Return each check of the score with its points and why it matters."""
    return [
        "| check | points | why it matters |",
        "|---|---|---|",
        *(f"| `{name}` | {row['points']} | {row['en']['why']} |" for name, row in table().items()),
    ]


TABLES: dict[str, Callable[[], list[str]]] = {"checks": checks}


def with_tables(page: str) -> str:
    """Return the page with every table as it is now; LookupError when it has no place for one."""
    for name, made in TABLES.items():
        begin, end = f"<!-- table: {name} -->", "<!-- end of table -->"
        pattern = re.compile(f"{re.escape(begin)}\n.*?{re.escape(end)}", re.DOTALL)
        if not pattern.search(page):
            raise LookupError(f"The page has no place for the table {name}.")
        filled = "\n".join([begin, "", *made(), "", end])
        page = pattern.sub(lambda _, filled=filled: filled, page)
    return page


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text("utf-8")), "utf-8")
