"""`tayori blacklist`, `custom-blacklist`, `unsubscribed`: look into the lists and change them."""

import csv
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Final, TextIO

import typer

from tayori.app.parts import Parts
from tayori.cli.instants import instant
from tayori.cli.opened import CommandError, account_named, run
from tayori.cli.options import AsJson, ConfigFile
from tayori.cli.output import show, show_one
from tayori.cli.suppression_file import LONGEST_DAYS, Line, Mistake, address_of, read_lines
from tayori.refusal.saying import quote
from tayori.runtime.clock import DAY
from tayori.suppress.listing_store import EVERY_ACCOUNT, Listed, ListingStore, ListName, Sought
from tayori.suppress.model import BLOCKED_MS, BY_OPERATOR

MOST_MISTAKES: Final = 50
"""Mistakes that are shown one by one; the rest is counted."""
BATCH: Final = 1_000

OfAccount = Annotated[
    str, typer.Option("--account", help="Id, AppId or name of the account that is meant.")
]
OfDomain = Annotated[str, typer.Option("--domain", help="The sender domain that is meant.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="At most so many.")]
Addresses = Annotated[list[str], typer.Argument(help="Addresses.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, for whoever looks later.")]
Days = Annotated[
    int | None,
    typer.Option("--days", min=1, max=LONGEST_DAYS, help="For so many days; 14, or for ever."),
]

_HELP: Final = {
    ListName.SHARED: "Addresses that no account writes to for a time.",
    ListName.CUSTOM: "An account's own blacklist (--account).",
    ListName.UNSUBSCRIBED: "Who wants no more mail from a sender domain.",
}
_COLUMNS: Final = {
    ListName.SHARED: ("address", "reason", "at", "expires_at", "account_id", "mail"),
    ListName.CUSTOM: ("address", "at", "expires_at"),
    ListName.UNSUBSCRIBED: ("domain", "address", "at", "account_id", "reason"),
}


def app_of(name: ListName) -> typer.Typer:
    """Return the commands of a list."""
    app = typer.Typer(help=_HELP[name], no_args_is_help=True)
    for define in (_looking, _changing, _exchanging):
        define(app, name)
    return app


def _looking(app: typer.Typer, name: ListName) -> None:
    @app.command("list")
    def list_rows(
        *,
        account: OfAccount = "",
        domain: OfDomain = "",
        limit: Limit = 100,
        config: ConfigFile = None,
        as_json: AsJson = False,
    ) -> None:
        """Show rows by address, with reason, end, and the mail that was the cause."""
        show(run(config, _finding(name, "", account, domain, limit)), as_json=as_json)

    @app.command("search")
    def search(
        text: Annotated[str, typer.Argument(help="A part of the address, such as @example.com.")],
        *,
        account: OfAccount = "",
        domain: OfDomain = "",
        limit: Limit = 100,
        config: ConfigFile = None,
        as_json: AsJson = False,
    ) -> None:
        """Show rows whose address has this part."""
        show(run(config, _finding(name, text, account, domain, limit)), as_json=as_json)


def _changing(app: typer.Typer, name: ListName) -> None:
    @app.command("add")
    def add(
        addresses: Addresses,
        *,
        reason: Reason = "",
        days: Days = None,
        account: OfAccount = "",
        domain: OfDomain = "",
        config: ConfigFile = None,
        as_json: AsJson = False,
    ) -> None:
        """Add addresses; one that is there gets the new end and reason."""
        lines = [Line(number=n, address=_checked(each)) for n, each in enumerate(addresses, 1)]

        async def work(parts: Parts) -> dict[str, object]:
            return await _Adding(parts, name, await _owner(parts, name, account)).all(
                lines, reason=reason, days=days, domain=domain
            )

        show_one(run(config, work), as_json=as_json)

    @app.command("remove")
    def remove(
        addresses: Addresses,
        *,
        account: OfAccount = "",
        domain: OfDomain = "",
        config: ConfigFile = None,
        as_json: AsJson = False,
    ) -> None:
        """Remove addresses; they may be written to again."""
        wanted = [_checked(each) for each in addresses]
        if name is ListName.UNSUBSCRIBED and not domain:
            raise CommandError("Say which sender domain may write again: --domain DOMAIN.")

        async def work(parts: Parts) -> dict[str, object]:
            owner = await _owner(parts, name, account) if name is ListName.CUSTOM else 0
            store = ListingStore(parts.database, name)
            return {"removed": await store.remove(wanted, owner, domain.lower())}

        show_one(run(config, work), as_json=as_json)


def _exchanging(app: typer.Typer, name: ListName) -> None:
    @app.command("import")
    def import_rows(
        file: Annotated[Path, typer.Argument(help="A CSV file; - reads stdin.")],
        *,
        reason: Reason = "",
        days: Days = None,
        account: OfAccount = "",
        domain: OfDomain = "",
        config: ConfigFile = None,
        as_json: AsJson = False,
    ) -> None:
        """Add the addresses of a file; lines with a mistake are left out, told, and counted."""

        async def work(parts: Parts) -> dict[str, object]:
            owner = await _owner(parts, name, account)
            with _reading(file) as opened:
                lines = read_lines(opened, parts.clock.now(), parts.zone)
                return await _Adding(parts, name, owner).all(
                    lines, reason=reason, days=days, domain=domain
                )

        counted = run(config, work)
        show_one(counted, as_json=as_json)
        if counted["wrong"]:
            raise typer.Exit(1)

    @app.command("export")
    def export(
        file: Annotated[Path, typer.Argument(help="Where to write CSV; - is stdout.")] = Path("-"),
        *,
        account: OfAccount = "",
        domain: OfDomain = "",
        config: ConfigFile = None,
    ) -> None:
        """Write the list as CSV, which `import` reads."""

        async def work(parts: Parts) -> None:
            sought = await _sought(parts, name, "", account, domain)
            with _writing(file) as opened:
                writer = csv.DictWriter(opened, _COLUMNS[name])
                writer.writeheader()
                async for page in ListingStore(parts.database, name).pages(sought):
                    writer.writerows(_row(name, each, parts) for each in page)

        run(config, work)


class _Adding:
    """Adds lines to a list, some at a time, and tells of those that it leaves out."""

    def __init__(self, parts: Parts, name: ListName, account_id: int) -> None:
        self._parts = parts
        self._name = name
        self._account_id = account_id
        self._store = ListingStore(parts.database, name)
        self._wrong = 0

    async def all(
        self, lines: Iterable[Line | Mistake], *, reason: str, days: int | None, domain: str
    ) -> dict[str, object]:
        """Add what is good and return how many that was, and how many were not."""
        added, source = 0, iter(lines)
        while batch := list(islice(source, BATCH)):
            rows = [row for line in batch if (row := self._row(line, reason, days, domain))]
            # The last word on an address counts, and a statement may touch a row only once.
            single = {(row.domain, row.address): row for row in rows}
            await self._store.add(list(single.values()))
            added += len(rows)
        if self._wrong > MOST_MISTAKES:
            typer.echo(f"... and {self._wrong - MOST_MISTAKES} more.", err=True)
        return {"added": added, "wrong": self._wrong}

    def _row(
        self, line: Line | Mistake, reason: str, days: int | None, domain: str
    ) -> Listed | None:
        if isinstance(line, Mistake):
            self._tell(line.sentence)
            return None
        of_domain = (line.domain or domain).lower()
        if self._name is ListName.UNSUBSCRIBED and not of_domain:
            self._tell(f"line {line.number}: no sender domain; give a column domain, or --domain.")
            return None
        now = self._parts.clock.now()
        end = line.expires_at or (None if days is None else now + days * DAY)
        if self._name is ListName.SHARED and end is None:
            end = now + BLOCKED_MS
        return Listed(
            address=line.address,
            account_id=self._account_id,
            at=now,
            expires_at=end,
            reason=quote(line.reason or reason or "") or BY_OPERATOR,
            domain=of_domain,
        )

    def _tell(self, sentence: str) -> None:
        self._wrong += 1
        if self._wrong <= MOST_MISTAKES:
            typer.echo(sentence, err=True)


def _finding(name: ListName, text: str, account: str, domain: str, limit: int) -> Any:
    async def work(parts: Parts) -> list[dict[str, object]]:
        sought = await _sought(parts, name, text, account, domain)
        found: list[Listed] = []
        async for page in ListingStore(parts.database, name).pages(sought, min(limit, BATCH)):
            found += page
            if len(found) >= limit:
                break
        return [_row(name, each, parts) for each in found[:limit]]

    return work


async def _sought(parts: Parts, name: ListName, text: str, account: str, domain: str) -> Sought:
    owner = EVERY_ACCOUNT
    if account or name is ListName.CUSTOM:
        owner = await _owner(parts, name, account)
    return Sought(now=parts.clock.now(), text=text, account_id=owner, domain=domain.lower())


async def _owner(parts: Parts, name: ListName, account: str) -> int:
    """Return whose list or domain it is; the shared list needs nobody."""
    if account:
        return (await account_named(parts, account)).id
    if name is ListName.SHARED:
        return EVERY_ACCOUNT
    raise CommandError("Say whose it is: --account ACCOUNT.")


def _checked(text: str) -> str:
    address = address_of(text)
    if address is None:
        raise CommandError(f"{text!r} is no address.")
    return address


def _row(name: ListName, row: Listed, parts: Parts) -> dict[str, object]:
    values = asdict(row) | {"reason": row.reason.english}
    for key in ("at", "expires_at"):
        values[key] = instant(values[key], parts.zone)
    return {column: values[column] for column in _COLUMNS[name]}


@contextmanager
def _reading(file: Path) -> Iterator[BinaryIO]:
    if str(file) == "-":
        yield sys.stdin.buffer
        return
    try:
        opened = file.open("rb")
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
    with opened:
        yield opened


@contextmanager
def _writing(file: Path) -> Iterator[TextIO]:
    if str(file) == "-":
        yield sys.stdout
        return
    try:
        opened = file.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise CommandError(f"{file} cannot be written: {error.strerror}.") from error
    with opened:
        yield opened


blacklist_app = app_of(ListName.SHARED)
custom_blacklist_app = app_of(ListName.CUSTOM)
unsubscribed_app = app_of(ListName.UNSUBSCRIBED)
