"""The tables of docs/screening.md, made from the rules and what they do with the corpus.

`python -m tests.support.screening_tables` writes them into the page; a test tells when it is old.
"""

import re
from collections.abc import Callable
from pathlib import Path

from tests.support.score_mails import ScoredMail, score_mails
from tests.support.screen_corpus import tallies

from tayori.screen.score.grade import cost, table

PAGE = Path(__file__).parents[2] / "docs/screening.md"


def checks() -> list[str]:
    """Return each check of the score with its points and why it matters."""
    return [
        "| check | points | why it matters |",
        "|---|---|---|",
        *(f"| `{name}` | {row['points']} | {row['en']['why']} |" for name, row in table().items()),
    ]


def rules() -> list[str]:
    """Return how each rule of review does on the corpus."""
    return [
        "| rule | mails that must be found | missed | found wrongly | precision | recall |",
        "|---|---|---|---|---|---|",
        *(
            f"| `{name}` | {one.hits + one.missed} | {one.missed} | {one.wrong} "
            f"| {one.precision:.0%} | {one.recall:.0%} |"
            for name, one in tallies().items()
            if one.hits + one.missed + one.wrong
        ),
    ]


def mails() -> list[str]:
    """Return the score of each of the ten mails, and what it loses."""
    return [
        "| mail | score | what it loses |",
        "|---|---|---|",
        *(f"| {mail.name} | {mail.score.points:g} | {_losses(mail)} |" for mail in score_mails()),
    ]


def _losses(mail: ScoredMail) -> str:
    told = [f"`{one.check.value}` {cost(one.check):g}" for one in mail.score.losses]
    return ", ".join(told) or "nothing"


TABLES: dict[str, Callable[[], list[str]]] = {"rules": rules, "checks": checks, "mails": mails}


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
