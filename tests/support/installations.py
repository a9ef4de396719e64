"""Installations for scenario tests: each with its own folder, database and settings."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from tests.support.postgresql import PostgresqlServer
from tests.support.prepared import prepare_sqlite, prepared_postgresql
from tests.support.tayori_process import TayoriProcess

from tayori.sandbox.dns_server import DnsServer

MakeServer = Callable[..., Awaitable[TayoriProcess]]


@asynccontextmanager
async def name_server() -> AsyncIterator[DnsServer]:
    """Run a name server where everything at `receiver.test` goes to 127.0.0.1."""
    async with DnsServer() as server:
        server.add("receiver.test", "MX", "10 mx.receiver.test.")
        server.add("mx.receiver.test", "A", "127.0.0.1")
        server.add("mx.tayori.test", "A", "127.0.0.1")
        server.add("spf.tayori.test", "TXT", "v=spf1 ip4:127.0.0.1 -all")
        yield server


@asynccontextmanager
async def installations(
    folder: Path, dns: DnsServer, port: int, postgresql: Callable[[], PostgresqlServer]
) -> AsyncIterator[MakeServer]:
    """Yield what makes installations; `port` is where receivers listen.

    `make(database, section={"key": value})`: `database` is "sqlite" or "postgresql".
    """
    made: list[TayoriProcess] = []
    databases = AsyncExitStack()

    async def make(database: str = "sqlite", **settings: dict[str, Any]) -> TayoriProcess:
        own = folder / f"server{len(made)}"
        (own / "data").mkdir(parents=True)
        url = ""
        if database == "postgresql":
            url = await databases.enter_async_context(prepared_postgresql(postgresql()))
        else:
            await asyncio.to_thread(prepare_sqlite, own / "data")
        kept = {"url": url, "pool_size": 4}
        asked = {"servers": [f"127.0.0.1:{dns.port}"], **settings.pop("dns", {})}
        sent = {"port": port, **settings.pop("delivery", {})}
        made.append(
            TayoriProcess(own, {**settings, "database": kept, "dns": asked, "delivery": sent})
        )
        return made[-1]

    try:
        yield make
    finally:
        for server in made:
            await server.close()
        await databases.aclose()
