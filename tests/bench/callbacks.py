"""Events become calls and reach a fast endpoint: how many a second, by one process.

The endpoint runs in a process of its own on the same machine; a second endpoint is dead, with as much
waiting for it. Run: python -m tests.bench.callbacks [--events N] [--database sqlite|postgresql]
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec
import uvloop
from tests.bench.usage import usage_of
from tests.support.event_load import AT_ONCE, event_of, fill_mails, record_events
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
from tayori.events.feed_store import Horizon
from tayori.events.model import EventKind
from tayori.runtime.clock import SystemClock
from tayori.runtime.ids import Ids
from tayori.runtime.secrets import SecretBox
from tayori.tenants.account_store import AccountStore
from tayori.tenants.accounts import Accounts
from tayori.tenants.model import Access

NO_PORT = 1
BOX = SecretBox(bytes(32))


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What one run measured."""

    events: int
    selected_per_s: float
    posted_per_s: float
    peak_mib: float
    dead_attempts: int


async def _answer(pipe: Connection) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    async def quiet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(quiet, "127.0.0.1", 0)
    pipe.send(server.sockets[0].getsockname()[1])
    await asyncio.to_thread(pipe.recv)
    server.close()


def _endpoint(pipe: Connection) -> None:
    uvloop.run(_answer(pipe))


@contextmanager
def endpoint_process() -> Iterator[int]:
    """Run the endpoint and yield its port."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_endpoint, args=(theirs,))
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send("end")
        process.join()


async def fill(database: Database, events: int, accounts: tuple[int, int], now: int) -> None:
    """Write deliveries, half of each account."""
    numbers = range(1, events + 1)
    await fill_mails(database, numbers, lambda n: (accounts[n % 2], "news@mail.test"), now)
    told = (event_of(n, accounts[n % 2], EventKind.DELIVERED, now) for n in numbers)
    await record_events(database, told, AT_ONCE)


async def measure(url: str, events: int, port: int) -> Result:
    """Fill, select, post; half of the events are for the endpoint that answers."""
    await migrate.prepare(url)
    database, clock = open_database(url, 4), SystemClock()
    accounts = Accounts(store=AccountStore(database, BOX), clock=clock, ids=Ids(), policy=Policy())
    made = [await accounts.create(name) for name in ("live", "dead")]
    ids = [access.account.id for access in made if isinstance(access, Access)]
    endpoints = EndpointStore(database, BOX)
    await endpoints.put(ids[0], "", f"http://127.0.0.1:{port}/", b"s", clock.now())
    dead = await endpoints.put(ids[1], "", f"http://127.0.0.1:{NO_PORT}/", b"s", clock.now())
    await fill(database, events, (ids[0], ids[1]), clock.now())
    store = CallbackStore(database, BOX)
    selection = Selection(store, Horizon(database), clock)
    began = time.perf_counter()
    while sum((await endpoints.waiting()).values()) < events:
        await selection.run()
    selected = time.perf_counter()
    settings = CallbackSettings(allow_private_networks=True)
    async with Poster(Resolver([("127.0.0.1", NO_PORT)], clock), settings, clock) as poster:
        dispatcher = Dispatcher(
            owner="bench", store=store, poster=poster, clock=clock, at_once=settings.at_once
        )
        while sum((await endpoints.waiting()).values()) > events // 2:
            await dispatcher.look()
            await dispatcher.idle()
    posted = time.perf_counter()
    attempts = len(await endpoints.log(dead, 1_000))
    await database.close()
    return Result(
        events=events,
        selected_per_s=events / (selected - began),
        posted_per_s=events / 2 / (posted - selected),
        peak_mib=usage_of(os.getpid()).peak_mib,
        dead_attempts=attempts,
    )


def main() -> None:
    """Measure and print one line of JSON."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--events", type=int, default=40_000)
    arguments.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    given = arguments.parse_args()
    with endpoint_process() as port:
        if given.database == "postgresql":
            with PostgresqlServer.running(durable=True) as server:
                result = uvloop.run(measure(server.url("postgres"), given.events, port))
        else:
            with tempfile.TemporaryDirectory() as folder:
                url = database_url("", Path(folder))
                result = uvloop.run(measure(url, given.events, port))
    sys.stdout.write(msgspec.json.encode(result).decode() + "\n")


if __name__ == "__main__":
    main()
