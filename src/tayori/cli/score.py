"""`tayori score`: how good a mail or a template is for receivers, point by point."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from tayori.cli.files import read_file
from tayori.cli.options import AsJson, ConfigFile, settings
from tayori.cli.output import show, show_one
from tayori.cli.score_authentication import authentication_of
from tayori.dns.exchange import parse_server
from tayori.dns.resolver import Resolver
from tayori.refusal.table import Language
from tayori.runtime.clock import process_clock
from tayori.screen.review import Reviewer
from tayori.screen.score.evidence import Evidence, evidence_of_content, evidence_of_mail
from tayori.screen.score.grade import Explained, explain, grade
from tayori.screen.score.model import BEST, RECOMMENDED

LARGEST = 50 * 1024 * 1024
_PAGES = frozenset({".html", ".htm"})


def score(
    file: Annotated[
        Path,
        typer.Argument(help="A mail as it was received (.eml), or a template (.html, .txt)."),
    ],
    *,
    language: Annotated[Language, typer.Option(help="Language of the sentences.")] = Language.EN,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show from 0 to 10 how good a mail is, and explain each point that it loses."""
    tree = settings(config)
    raw = read_file(file, LARGEST)
    reviewer = Reviewer(Path(tree.data_dir), web_links=tree.review.web_links)
    evidence = asyncio.run(_evidence(file, raw, reviewer, tree.dns.servers, tree.dns.timeout_s))
    result = grade(evidence)
    losses = [_row(explain(one, language)) for one in result.losses]
    summary: dict[str, object] = {
        "score": result.points,
        "of": BEST,
        "recommended": RECOMMENDED,
        "good": result.recommended,
        "kind": evidence.review.business.value,
    }
    if as_json:
        show_one(summary | {"losses": losses}, as_json=True)
        return
    show_one(summary, as_json=False)
    if losses:
        print()
        show(losses, as_json=False)


async def _evidence(
    file: Path, raw: bytes, reviewer: Reviewer, servers: tuple[str, ...], timeout_s: float
) -> Evidence:
    text = raw.decode("utf-8", "replace")
    if file.suffix.lower() in _PAGES:
        return evidence_of_content(reviewer, text, "")
    if file.suffix.lower() == ".txt":
        return evidence_of_content(reviewer, "", text)
    resolver = Resolver(
        [parse_server(server) for server in servers], process_clock(), timeout_s=timeout_s
    )
    try:
        return evidence_of_mail(reviewer, raw, await authentication_of(raw, resolver))
    finally:
        await resolver.close()


def _row(one: Explained) -> dict[str, object]:
    return {
        "points": -one.points,
        "check": one.check.value,
        "finding": one.finding,
        "why": one.why,
        "mend": one.mend,
    }
