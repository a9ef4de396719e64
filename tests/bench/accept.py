"""Signed SendEmail calls that a real server accepts durably, and delivers, to a sink of its own.

Run: python -m tests.bench.accept [--calls N] [--database sqlite|postgresql]
"""

import argparse
import asyncio
import json
import multiprocessing
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec
from tests.bench.api_load import Target, run_load
from tests.bench.measured import Measured
from tests.bench.sink_process import SinkProcess
from tests.bench.usage import usage_of
from tests.support.tayori_process import TayoriProcess
from tests.support.tenant import Tenant, new_tenant

from tayori.runtime.clock import TESTING_OFFSET_FILE
from tayori.sandbox.dns_server import DnsServer

RECEIVERS = 40
"""Receiving domains, so that no counter of one mailbox is the limit."""
OCTETS = 4_800
"""Octets of a call's variables: a body of about 5 kB, which makes a mail of 10, text and HTML."""
OCTETS_THROUGH = 2_100
"""The same for a mail of about 5 kB."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One run: what the load measured, and what the server used for it."""

    name: str
    accepted_per_s: float
    p50_ms: float
    p99_ms: float
    cpu_s_per_1000: float
    peak_mib: float
    delivered_per_s: float = 0.0
    refused: int = 0
    first_refusal: str = ""


def bodies(tenant: Tenant, count: int, octets: int = OCTETS) -> tuple[bytes, ...]:
    """Return SendEmail bodies with variables of so many octets, each to a mailbox of its own."""
    filler = "All work and no play makes a dull order. " * (octets // 41)
    template = {
        "TemplateID": tenant.template_id,
        "TemplateData": json.dumps({"name": filler}),
    }
    return tuple(
        json.dumps(
            {
                "FromEmailAddress": tenant.sender,
                "Destination": [f"u{number}@r{number % RECEIVERS}.test"],
                "Subject": "Your order",
                "Template": template,
            }
        ).encode()
        for number in range(count)
    )


class BenchServer(TayoriProcess):
    """The server with the machine's own clock: the one that tests move costs a system call."""

    def _environment(self) -> dict[str, str]:
        given = super()._environment()
        given.pop(TESTING_OFFSET_FILE, None)
        return given


def processes(doors: int, delivery: int = 0) -> dict[str, Any]:
    """Return the settings of so many processes; one of the doors alone is the whole server."""
    supervised = max(delivery, 1) if doors > 1 else delivery
    return {"doors": {"processes": doors}, "delivery": {"processes": supervised}}


async def load(
    server: TayoriProcess, tenant: Tenant, calls: int, pace: float = 0.0, octets: int = OCTETS
) -> Measured:
    """Run the load in a process of its own."""
    target = Target(
        http=server.http,
        secret_id=tenant.secret_id,
        secret_key=tenant.secret_key,
        bodies=bodies(tenant, calls, octets),
        calls=calls,
        calls_per_second=pace,
    )
    spawn = multiprocessing.get_context("spawn")
    with spawn.Pool(1) as pool:
        return await asyncio.to_thread(pool.apply, run_load, (target,))


async def measure(
    name: str,
    folder: Path,
    settings: dict[str, Any],
    calls: int,
    *,
    pace: float = 0.0,
    delivering: bool = False,
) -> Result:
    """Start a server, load it, wait until everything is delivered when it delivers."""
    async with DnsServer() as dns, SinkProcess() as sink:
        for number in range(RECEIVERS):
            dns.add(f"r{number}.test", "MX", "10 mx.sink.test.")
        dns.add("mx.sink.test", "A", "127.0.0.1")
        host, port = dns.address
        merged = {
            "dns": {"servers": [f"{host}:{port}"]},
            **settings,
            "delivery": {
                "allow_private_networks": True,
                "port": sink.port,
                **settings["delivery"],
            },
        }
        server = BenchServer(folder, merged)
        await server.start(roles="" if delivering else "api,sweep")
        tenant = await new_tenant(server, dns)
        pid = int(server.ready["pid"])
        octets = OCTETS_THROUGH if delivering else OCTETS
        await load(server, tenant, 200, octets=octets)
        before, taken = usage_of(pid), sink.count
        measured = await load(server, tenant, calls, pace, octets)
        delivered = 0.0
        if delivering:
            await sink.wait_for(taken + calls if taken >= 200 else 200 + calls)
            delivered = calls / (time.monotonic() - measured.began)
        after = usage_of(pid)
        await server.stop()
        return Result(
            name=name,
            accepted_per_s=measured.per_second,
            p50_ms=measured.p50_ms,
            p99_ms=measured.p99_ms,
            cpu_s_per_1000=(after.cpu_s - before.cpu_s) / calls * 1000,
            peak_mib=after.peak_mib,
            delivered_per_s=delivered,
            refused=measured.refused,
            first_refusal=measured.first_refusal,
        )


async def run(calls: int, doors: int = 1) -> list[Result]:
    """Return the results of all runs, one after the other."""
    results = []
    for name, delivery in (("accept only", 0), ("in to out", 2)):
        with tempfile.TemporaryDirectory() as folder:
            settings = processes(doors, delivery)
            results.append(
                await measure(name, Path(folder), settings, calls, delivering=delivery > 0)
            )
    return results


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=5_000)
    parser.add_argument("--doors", type=int, default=1, help="processes that take calls")
    given = parser.parse_args()
    for result in asyncio.run(run(given.calls, given.doors)):
        sys.stdout.write(msgspec.json.encode(result).decode() + "\n")


if __name__ == "__main__":
    main()
