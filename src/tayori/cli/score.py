"""`tayori score`: how good a mail or a template is for receivers, point by point."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperGroup

from tayori.app.parts import Parts
from tayori.app.scoring import build_score_addresses
from tayori.cli.files import read_file
from tayori.cli.opened import CommandError, account_named, done, run
from tayori.cli.options import AsJson, ConfigFile, settings
from tayori.cli.output import show, show_one
from tayori.cli.score_shown import address_row, explained, listed_row, print_score, summary
from tayori.config.tree import Settings
from tayori.dns.exchange import parse_server
from tayori.dns.resolver import Resolver
from tayori.inbound.score_addresses import ScoreAddresses
from tayori.inbound.scoring import Scored, Scorer
from tayori.refusal.table import Language
from tayori.runtime.clock import process_clock
from tayori.screen.review import Reviewer
from tayori.screen.scanners.scanner import scanner_of
from tayori.screen.score.address import ScoreAddress, Stage

LARGEST = 50 * 1024 * 1024
LOOK_S = 0.3
"""Seconds between two looks for a score that is waited for."""
_PAGES = frozenset({".html", ".htm"})
InLanguage = Annotated[Language, typer.Option("--language", help="Language of the sentences.")]
OfAccount = Annotated[str, typer.Option("--account", help="For this account; else an operator's.")]


class _FileFirst(TyperGroup):
    """`tayori score FILE` means `tayori score file FILE`."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Put the command in front where a file stands there."""
        known = {*self.commands, "--help"}
        return super().parse_args(ctx, args if not args or args[0] in known else ["file", *args])


score_app = typer.Typer(
    cls=_FileFirst,
    help="How good a mail or a template is for receivers, 0 to 10: of a file, or as it arrives.",
    no_args_is_help=True,
)


@score_app.command("file")
def score(
    file: Annotated[
        Path,
        typer.Argument(help="A mail as it was received (.eml), or a template (.html, .txt)."),
    ],
    *,
    language: InLanguage = Language.EN,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show from 0 to 10 how good a mail is, and explain each point that it loses."""
    found = asyncio.run(_scored(file, read_file(file, LARGEST), settings(config)))
    shown = summary(found.score, found.evidence.review.business)
    print_score(shown, explained(found.score, language), as_json=as_json)


@score_app.command("test")
def new_address(
    account: OfAccount = "", config: ConfigFile = None, as_json: AsJson = False
) -> None:
    """Make a one-time address; the mail that is sent to it is scored as it arrives."""

    async def work(parts: Parts) -> dict[str, object]:
        owner = (await account_named(parts, account)).id if account else None
        return address_row(done(await build_score_addresses(parts).create(owner)), parts)

    show_one(run(config, work), as_json=as_json)


@score_app.command("show")
def show_score(
    token: Annotated[str, typer.Argument(help="The token, or the whole address.")],
    *,
    wait: Annotated[
        float, typer.Option(min=0, help="Seconds to wait for the mail; then status 1.")
    ] = 0,
    language: InLanguage = Language.EN,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show the score of the mail that came to a one-time address, point by point."""

    async def work(parts: Parts) -> tuple[ScoreAddress, dict[str, object]]:
        found = await _waited(build_score_addresses(parts), token, wait)
        if wait and found.stage(parts.clock.now()) is not Stage.SCORED:
            raise CommandError(f"No mail came to {found.address} within {wait:g} seconds.")
        return found, address_row(found, parts)

    found, row = run(config, work)
    if found.mail is None:
        show_one(row, as_json=as_json)
        return
    row |= summary(found.mail.score, found.mail.business)
    print_score(row, explained(found.mail.score, language), as_json=as_json)


@score_app.command("list")
def list_scores(
    account: OfAccount = "", config: ConfigFile = None, as_json: AsJson = False
) -> None:
    """Show the newest one-time addresses of an account, or an operator's, with their scores."""

    async def work(parts: Parts) -> list[dict[str, object]]:
        owner = (await account_named(parts, account)).id if account else None
        found = await build_score_addresses(parts).newest(owner)
        return [listed_row(one, parts) for one in found]

    show(run(config, work), as_json=as_json)


async def _waited(addresses: ScoreAddresses, token: str, wait: float) -> ScoreAddress:
    """Return the address once its mail is scored, or as it is after `wait` seconds."""
    until = asyncio.get_running_loop().time() + wait
    found = done(await addresses.any(token))
    while found.mail is None and (left := until - asyncio.get_running_loop().time()) > 0:
        await asyncio.sleep(min(LOOK_S, left))
        found = done(await addresses.any(token))
    return found


async def _scored(file: Path, raw: bytes, tree: Settings) -> Scored:
    clock = process_clock()
    servers = [parse_server(server) for server in tree.dns.servers]
    resolver = Resolver(servers, clock, timeout_s=tree.dns.timeout_s)
    scanner = scanner_of(tree.scan, clock)
    reviewer = Reviewer(Path(tree.data_dir), web_links=tree.review.web_links)
    scorer = Scorer(reviewer=reviewer, lookups=resolver, scanner=scanner)
    text = raw.decode("utf-8", "replace")
    try:
        if file.suffix.lower() in _PAGES:
            return await scorer.content(text, "")
        if file.suffix.lower() == ".txt":
            return await scorer.content("", text)
        return await scorer.mail(raw)
    finally:
        await resolver.close()
        if scanner is not None:
            await scanner.close()
