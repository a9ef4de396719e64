"""How many events a second pass through record, statistics and callbacks, by one process.

First each stage alone, over the same events, then all three at once while events are recorded. The
receiver of the calls runs in a process of its own on the same machine.
Run: python -m tests.bench.events [--events N] [--database sqlite|postgresql]
"""

import argparse
import asyncio
import itertools
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

import msgspec
import uvloop
from tests.bench.callbacks import BOX, NO_PORT, endpoint_process
from tests.bench.usage import usage_of
from tests.support.event_load import event_of, fill_mails, record_events
from tests.support.postgresql import PostgresqlServer

from tayori.callbacks.endpoint_store import EndpointStore
from tayori.callbacks.posting import Poster
from tayori.callbacks.service import Dispatcher, Selection
from tayori.callbacks.store import CallbackStore
from tayori.config.tree import CallbackSettings, Policy
from tayori.db import migrate
from tayori.db.database import Database
from tayori.db.open import database_url, open_database
from tayori.dns.resolver import Resolver
from tayori.events.feed_store import Horizon, position
from tayori.events.model import Event, EventKind
from tayori.runtime.clock import SystemClock
from tayori.runtime.ids import Ids
from tayori.stats.rollup import RollUp
from tayori.stats.store import READER, StatsStore
from tayori.tenants.account_store import AccountStore
from tayori.tenants.accounts import Accounts
from tayori.tenants.model import Access

SETTLED = 50
"""Events in a transaction, as when many deliveries are settled together."""
KINDS = (EventKind.DELIVERED, EventKind.OPEN)


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """Events a second of each stage alone and of all together; CPU seconds per 1,000 events."""

    database: str
    events: int
    recorded_per_s: float
    counted_per_s: float
    selected_per_s: float
    posted_per_s: float
    together_per_s: float
    together_cpu_s_per_1000: float
    peak_mib: float


class Line:
    """The three stages on one database."""

    def __init__(self, database: Database, account_id: int, poster: Poster) -> None:
        clock = SystemClock()
        self.database, self.account_id, self.clock = database, account_id, clock
        self.endpoints = EndpointStore(database, BOX)
        self.store = CallbackStore(database, BOX)
        self.rollup = RollUp(store=StatsStore(database), horizon=Horizon(database), zone=UTC)
        self.selection = Selection(self.store, Horizon(database), clock)
        self.dispatcher = Dispatcher(
            owner="bench", store=self.store, poster=poster, clock=clock, at_once=8
        )

    def events(self, numbers: range) -> Iterator[Event]:
        """Return what happens to mails with these numbers."""
        now = self.clock.now()
        return (event_of(n, self.account_id, kind, now) for kind in KINDS for n in numbers)

    async def count(self, last: int) -> None:
        """Roll up until everything to this number is counted."""
        while True:
            await self.rollup.run()
            async with self.database.read() as transaction:
                if await position(transaction, READER) >= last:
                    return

    async def select(self, last: int) -> None:
        """Make calls until everything to this number has one."""
        while True:
            await self.selection.run()
            async with self.database.read() as transaction:
                if await position(transaction, "callbacks") >= last:
                    return

    async def post(self) -> None:
        """Post until nothing waits."""
        while sum((await self.endpoints.waiting()).values()):
            await self.dispatcher.look()
            await self.dispatcher.idle()

    async def together(self, numbers: range, last: int) -> None:
        """Record, count, select and post at the same time."""
        selected = asyncio.create_task(self.select(last))
        counted = asyncio.create_task(self.count(last))
        await record_events(self.database, self.events(numbers), SETTLED)
        while not selected.done():
            await self.post()
            await asyncio.sleep(0)
        await asyncio.gather(selected, counted)
        await self.post()


async def measure(name: str, url: str, events: int, port: int) -> Result:
    """Measure one database."""
    await migrate.prepare(url)
    database, clock = open_database(url, 4), SystemClock()
    accounts = Accounts(store=AccountStore(database, BOX), clock=clock, ids=Ids(), policy=Policy())
    made = await accounts.create("bench")
    if not isinstance(made, Access):
        raise TypeError("The account was refused.")
    settings = CallbackSettings(allow_private_networks=True)
    half = events // len(KINDS)
    async with Poster(Resolver([("127.0.0.1", NO_PORT)], clock), settings, clock) as poster:
        line = Line(database, made.account.id, poster)
        url_of_receiver = f"http://127.0.0.1:{port}/"
        await line.endpoints.put(made.account.id, "", url_of_receiver, b"s", clock.now())
        numbers = range(1, 2 * half + 1)
        account_id = made.account.id
        await fill_mails(database, numbers, lambda _: (account_id, "news@mail.test"), clock.now())
        spent = [time.perf_counter()]
        await record_events(database, line.events(numbers[:half]), SETTLED)
        spent.append(time.perf_counter())
        for stage in (line.count(events), line.select(events), line.post()):
            await stage
            spent.append(time.perf_counter())
        before = time.process_time()
        await line.together(numbers[half:], 2 * events)
        spent.append(time.perf_counter())
        cpu = time.process_time() - before
    await database.close()
    seconds = [later - earlier for earlier, later in itertools.pairwise(spent)]
    recorded, counted, selected, posted, together = (events / each for each in seconds)
    return Result(
        database=name,
        events=events,
        recorded_per_s=recorded,
        counted_per_s=counted,
        selected_per_s=selected,
        posted_per_s=posted,
        together_per_s=together,
        together_cpu_s_per_1000=cpu / events * 1_000,
        peak_mib=usage_of(os.getpid()).peak_mib,
    )


def main() -> None:
    """Measure and print one line of JSON."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--events", type=int, default=20_000)
    arguments.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    given = arguments.parse_args()
    with endpoint_process() as port:
        if given.database == "postgresql":
            with PostgresqlServer.running(durable=True) as server:
                url = server.url("postgres")
                result = uvloop.run(measure(given.database, url, given.events, port))
        else:
            with tempfile.TemporaryDirectory() as folder:
                url = database_url("", Path(folder))
                result = uvloop.run(measure(given.database, url, given.events, port))
    sys.stdout.write(msgspec.json.encode(result).decode() + "\n")


if __name__ == "__main__":
    main()
