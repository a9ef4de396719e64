"""Mails that a real server accepts durably by SMTP, beside Postfix in the same run.

Postfix takes the same mails from the same load generator, without AUTH, and holds them; it has no
checks, quotas or events. Both speak in clear on loopback. Without Postfix on the machine its
figures are 0. Run: python -m tests.bench.submission [--mails N] [--octets N]
[--doors N]
"""

import argparse
import asyncio
import multiprocessing
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from tests.bench.accept import RECEIVERS, BenchServer, processes
from tests.bench.measured import Measured
from tests.bench.postfix_process import PostfixProcess, is_there
from tests.bench.submission_load import Target, run_load
from tests.bench.usage import usage_of
from tests.support.tenant import Tenant, new_tenant

from tayori.sandbox.dns_server import DnsServer

PASSWORD = "abCD12wxyz"
SETTINGS: dict[str, Any] = {
    "submission": {
        "listen": "127.0.0.1:0",
        "allow_plain_auth": True,
        "connections_per_address": 1_000,
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How mails come. `share` is the part of the run's mails that this way is given."""

    name: str
    sessions: int
    per_connection: int = 0
    share: float = 1.0


WAYS = (
    Way(name="1 session", sessions=1, share=0.3),
    Way(name="20 sessions", sessions=20),
    Way(name="100 sessions", sessions=100),
    Way(name="20 sessions, a connection per mail", sessions=20, per_connection=1, share=0.5),
)


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One way: what both accepted, and what Tayori used for it."""

    name: str
    accepted_per_s: float
    p50_ms: float
    p99_ms: float
    cpu_s_per_1000: float
    postfix_per_s: float = 0.0
    refused: int = 0
    first_refusal: str = ""


async def load(target: Target) -> Measured:
    """Run a load in a process of its own."""
    spawn = multiprocessing.get_context("spawn")
    with spawn.Pool(1) as pool:
        return await asyncio.to_thread(pool.apply, run_load, (target,))


def _target(way: Way, port: int, mails: int, octets: int, tenant: Tenant | None) -> Target:
    number = int(mails * way.share)
    return Target(
        host="127.0.0.1",
        port=port,
        sender=tenant.sender if tenant else "news@mail.shop.test",
        password=PASSWORD if tenant else "",
        receivers=tuple(f"u{n}@r{n % RECEIVERS}.test" for n in range(number)),
        mails=number,
        sessions=way.sessions,
        per_connection=way.per_connection,
        octets=octets,
    )


async def peer(mails: int, octets: int) -> list[float]:
    """Return what Postfix accepts a second, for each way."""
    if not is_there():
        return [0.0] * len(WAYS)
    with tempfile.TemporaryDirectory() as folder:
        async with PostfixProcess(Path(folder)) as postfix:
            await load(_target(WAYS[1], postfix.port, 200, octets, None))
            measured = [await load(_target(w, postfix.port, mails, octets, None)) for w in WAYS]
            return [one.per_second for one in measured]


async def measure(mails: int, octets: int = 5_000, doors: int = 1) -> list[Result]:
    """Start a server, load it in each way, and Postfix after it."""
    results = []
    settings = {**SETTINGS, **processes(doors)}
    with tempfile.TemporaryDirectory() as folder:
        async with DnsServer() as dns:
            host, port = dns.address
            server = BenchServer(Path(folder), {"dns": {"servers": [f"{host}:{port}"]}, **settings})
            await server.start(roles="api,submission,sweep")
            tenant = await ready_tenant(server, dns)
            own = int(str(server.ready["submission"]).rpartition(":")[2])
            await load(_target(WAYS[1], own, 200, octets, tenant))
            for way in WAYS:
                before = usage_of(int(server.ready["pid"]))
                measured = await load(_target(way, own, mails, octets, tenant))
                used = usage_of(int(server.ready["pid"])).cpu_s - before.cpu_s
                results.append(_result(way, measured, used))
            await server.stop()
    others = await peer(mails, octets)
    return [
        msgspec.structs.replace(result, postfix_per_s=other)
        for result, other in zip(results, others, strict=True)
    ]


def _result(way: Way, measured: Measured, cpu_s: float) -> Result:
    return Result(
        name=way.name,
        accepted_per_s=measured.per_second,
        p50_ms=measured.p50_ms,
        p99_ms=measured.p99_ms,
        cpu_s_per_1000=cpu_s / max(1, measured.accepted) * 1000,
        refused=measured.refused,
        first_refusal=measured.first_refusal,
    )


async def ready_tenant(server: BenchServer, dns: DnsServer) -> Tenant:
    """Make an account that may send by SMTP with `PASSWORD`."""
    tenant = await new_tenant(server, dns)
    await server.command("account", "grant", str(tenant.account_id), "smtp_content")
    await tenant.sdk(server).call(
        "UpdateEmailSmtpPassWord", EmailAddress=tenant.sender, Password=PASSWORD
    )
    return tenant


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=5_000)
    parser.add_argument("--octets", type=int, default=5_000)
    parser.add_argument("--doors", type=int, default=1, help="processes that take mails")
    given = parser.parse_args()
    for result in asyncio.run(measure(given.mails, given.octets, given.doors)):
        sys.stdout.write(msgspec.json.encode(result).decode() + "\n")


if __name__ == "__main__":
    main()
