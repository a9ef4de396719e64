"""How long a trigger mail takes from the API's answer to the receiver's hand.

One call at a time on a server with two delivery processes: at rest, then while another process
sends other mail as fast as it is taken. The receiver keeps the time at which the final dot came.
Run: python -m tests.bench.latency [--mails N] [--database sqlite|postgresql]
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import uvloop
from tests.bench.accept import RECEIVERS, BenchServer, load
from tests.bench.api_load import Target, signed
from tests.support.postgresql import PostgresqlServer
from tests.support.tenant import Tenant, new_tenant

from tayori.sandbox.dns_server import DnsServer
from tayori.smtp.handler import ACCEPTED, Answer, Connection, Handler, Received, ServerSettings
from tayori.smtp.server import Server

PACE_S = 0.15
"""Time from one mail to the next at least, in which everything comes to rest."""
TRIGGER = "trigger-"
LOADED = 4_000
_BUDGET_MS = {"idle": 15, "loaded": 1_000}


class _Clocked(Handler):
    """Keeps when each trigger mail came."""

    def __init__(self, arrivals: dict[str, "asyncio.Future[float]"]) -> None:
        self._arrivals = arrivals

    def data(self, received: Received, content: bytes) -> Answer:
        for recipient in received.recipients:
            waited = self._arrivals.get(recipient.address)
            if waited is not None and not waited.done():
                waited.set_result(time.perf_counter())
        return ACCEPTED


class Client:
    """One kept connection to the API, one call at a time."""

    def __init__(self, tenant: Tenant, http: str) -> None:
        self._tenant = tenant
        self._http = http

    async def __aenter__(self) -> Self:
        host, _, port = self._http.rpartition(":")
        self._reader, self._writer = await asyncio.open_connection(host, int(port))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()

    async def send(self, address: str) -> float:
        """Send a trigger mail; return when the answer came. SystemExit when it is refused."""
        self._writer.write(signed(self._target(address))[0])
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        body = await self._reader.readexactly(length)
        answered = time.perf_counter()
        if b'"Error"' in body:
            raise SystemExit(f"refused: {body.decode()}")
        return answered

    def _target(self, address: str) -> Target:
        body = {
            "FromEmailAddress": self._tenant.sender,
            "Destination": [address],
            "Subject": "Your code",
            "TriggerType": 1,
            "Template": {
                "TemplateID": self._tenant.template_id,
                "TemplateData": json.dumps({"name": "Ms Mori"}),
            },
        }
        return Target(
            http=self._http,
            secret_id=self._tenant.secret_id,
            secret_key=self._tenant.secret_key,
            bodies=(json.dumps(body).encode(),),
            calls=1,
        )


async def _one_by_one(
    client: Client, arrivals: dict[str, "asyncio.Future[float]"], mails: int, name: str
) -> list[float]:
    """Return the milliseconds of each mail, sorted."""
    times = []
    loop = asyncio.get_running_loop()
    for number in range(mails):
        due = loop.create_future()
        loop.call_later(PACE_S, due.set_result, None)
        address = f"{TRIGGER}{name}-{number}@r{number % RECEIVERS}.test"
        arrived = arrivals[address] = loop.create_future()
        answered = await client.send(address)
        times.append((await asyncio.wait_for(arrived, 60) - answered) * 1_000)
        await due
    return sorted(times)


async def measure(mails: int, folder: Path, url: str) -> dict[str, list[float]]:
    """Return sorted milliseconds by circumstance."""
    arrivals: dict[str, asyncio.Future[float]] = {}

    def taking(_: Connection) -> Handler:
        return _Clocked(arrivals)

    sink = Server(taking, ServerSettings(host_name="mx.sink.test", max_commands=1 << 30))
    port = (await sink.start("127.0.0.1", 0))[1]
    async with DnsServer() as dns:
        for number in range(RECEIVERS):
            dns.add(f"r{number}.test", "MX", "10 mx.sink.test.")
        dns.add("mx.sink.test", "A", "127.0.0.1")
        host, dns_port = dns.address
        settings = {
            "dns": {"servers": [f"{host}:{dns_port}"]},
            "delivery": {"allow_private_networks": True, "port": port, "processes": 2},
            "database": {"url": url},
        }
        server = BenchServer(folder, settings)
        await server.start()
        try:
            tenant = await new_tenant(server, dns)
            async with Client(tenant, server.http) as client:
                await _one_by_one(client, arrivals, 20, "warm")
                idle = await _one_by_one(client, arrivals, mails, "idle")
                other = asyncio.create_task(load(server, tenant, LOADED))
                loaded = await _one_by_one(client, arrivals, mails // 4, "loaded")
                await other
        finally:
            await server.close()
    await sink.stop(grace_s=1)
    return {"idle": idle, "loaded": loaded}


@contextmanager
def _database(kind: str) -> Iterator[str]:
    if kind == "sqlite":
        yield ""
        return
    with PostgresqlServer.running(durable=True) as server:
        yield server.url("postgres")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=200)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, _database(given.database) as url:
        found = uvloop.run(measure(given.mails, Path(folder), url))
    for name, times in found.items():
        middle, late = times[len(times) // 2], times[len(times) * 99 // 100]
        which = "p50" if name == "idle" else "p99"
        sys.stdout.write(
            f"trigger mail, {name:6} p50 {middle:6.1f} ms  p99 {late:6.1f} ms "
            f"(budget {which} < {_BUDGET_MS[name]:,} ms)\n"
        )


if __name__ == "__main__":
    main()
