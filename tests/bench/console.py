"""How long the console's pages take on a database with millions of events.

Each page is asked through the application itself, without a network, so the figures are the
server's own: guard, queries and template. Run: python -m tests.bench.console [--events N]
[--database sqlite|postgresql] [--folder DIR]; a folder is kept and used again as it was filled.
"""

import argparse
import asyncio
import contextlib
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

from tests.bench.reports import BEGIN, DAYS, EVENTS_PER_MAIL, LARGE, ZONE, fill
from tests.support.console_pages import pages, path_of
from tests.support.console_world import Browser, ConsoleWorld, console_world
from tests.support.postgresql import PostgresqlServer

from tayori.db.database import Database
from tayori.runtime.clock import DAY, day_of
from tayori.stats import statements as stats
from tayori.tenants.users.model import Role

DOMAIN = "mail.shop.test"
SENDER = f"news@{DOMAIN}"
MESSAGE = f"qcloudses-30-{LARGE}-date-20260101000000-{4711:013}"
ROUNDS = 7
BUDGET_MS = 100
QUERIES = {
    "/search": (
        "q=user4711@gmail.com",
        f"q={MESSAGE}",
    ),
    "/statistics": ("days=90", "by=domain"),
}
"""What pages are asked beside nothing."""


async def add_days(database: Database) -> None:
    """Write the counts of a year as the service's own reader would have left them."""
    volumes, keyed = [], []
    for number in range(DAYS + 5):
        day = day_of(BEGIN + number * DAY, ZONE)
        for domain in ("*", "d0.a1.example", "d1.a1.example", "d2.a1.example"):
            for kind in ("*", "gmail.com", "qq.com", "163.com"):
                key = {"account_id": LARGE, "day": day, "domain": domain, "mailbox_type": kind}
                volumes.append(key | dict.fromkeys(stats.Volume._fields, number + 1))
        for kind, keys in (("sender", 3), ("template", 20), ("provider", 8), ("class", 12)):
            for place in range(keys):
                key = {"account_id": LARGE, "kind": kind, "day": day, "key": str(place)}
                keyed.append(key | dict.fromkeys(stats.Volume._fields, number + 1))
    async with database.write() as transaction:
        await transaction.execute_many(stats.ADD, volumes)
        await transaction.execute_many(stats.ADD_KEYED, keyed)


async def timed(browser: Browser, path: str) -> tuple[float, float, int]:
    """Return median and longest milliseconds of a page, and its status."""
    answer = await browser.get(path)
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        answer = await browser.get(path)
        times.append((time.perf_counter() - start) * 1_000)
    return statistics.median(times), max(times), answer.status_code


async def measure(folder: Path, url: str, events: int) -> bool:
    """Fill unless that was done, ask for every page; tell whether all kept the budget."""
    async with console_world(folder, url) as world:
        if not await world.services.senders.list(world.account.id):
            await _prepare(world, int(events / EVENTS_PER_MAIL))
        operator = await world.signed_in(Role.OPERATOR)
        holes = {"domain": DOMAIN, "address": SENDER, "message_id": MESSAGE}
        kept = True
        for page in pages("GET"):
            for query in ("", *QUERIES.get(page.path, ())):
                path = path_of(page, holes) + (f"?{query}" if query else "")
                median, longest, status = await timed(operator, path)
                kept &= median <= BUDGET_MS
                mark = "" if median <= BUDGET_MS else "  over the budget"
                _say(f"{median:8.1f} ms  {longest:8.1f} ms  {status}  {path}{mark}")
    return kept


async def _prepare(world: ConsoleWorld, mails: int) -> None:
    start = time.perf_counter()
    written = await fill(world.parts.database, mails)
    await add_days(world.parts.database)
    await world.verified(DOMAIN)
    await world.services.senders.create(world.account.id, SENDER, "Shop")
    _say(f"{written:,} events of {mails:,} mails in {time.perf_counter() - start:.0f} s")


@contextlib.asynccontextmanager
async def _database(kind: str) -> AsyncIterator[str]:
    if kind == "sqlite":
        yield "sqlite"
        return
    with PostgresqlServer.running(durable=True) as server:
        yield server.url("postgres")


async def _main(kind: str, events: int, folder: Path | None) -> bool:
    async with _database(kind) as url:
        if folder is not None:
            folder.mkdir(exist_ok=True)
            return await measure(folder, url, events)
        with tempfile.TemporaryDirectory() as made:
            return await measure(Path(made), url, events)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--folder", type=Path)
    chosen = parser.parse_args()
    sys.exit(0 if asyncio.run(_main(chosen.database, chosen.events, chosen.folder)) else 1)
