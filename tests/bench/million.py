"""A bulk task to very many receivers, from the list to their mail server, with or without kills.

The receiving server counts the mails of every receiver: nobody may be left out, and whoever gets
two must have been under way when a delivery process was killed; nobody stands in the queue twice,
whatever was killed. The list is filled by the API, 20,000
receivers a call, with `policy.max_receivers_per_list = 0`.
Run: python -m tests.bench.million [--receivers N] [--kill-every SECONDS]
"""

import argparse
import asyncio
import json
import os
import random
import signal
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tests.bench.accept import BenchServer
from tests.bench.sink_process import SinkProcess
from tests.bench.usage import server_cpu_s, usage_of
from tests.support.tayori_process import TayoriProcess
from tests.support.tenant import Tenant, new_tenant

from tayori.catalog.receivers import MOST_AT_ONCE
from tayori.sandbox.dns_server import DnsServer

UPLOADED = 3
FINISHED = 10
SITES = 40
PATIENCE_S = 6 * 3600


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What one run measured; `missing` and `twice` are receivers, as their server counted.

    `queued_twice` are receivers who stand in the queue a second time.
    """

    receivers: int
    kills: int
    kills_of_deliverers: int
    queued_twice: int
    missing: int
    twice: int
    delivered_per_s: float
    seconds: float
    upload_s: float
    cpu_s_per_1000: float
    peak_mib: float
    database_mib: float
    octets_per_receiver: float


def settings_of(dns: DnsServer, sink: SinkProcess) -> dict[str, dict[str, Any]]:
    """Return the settings of the run: short leases, so that what a kill leaves is taken up soon."""
    return {
        "dns": {"servers": [f"127.0.0.1:{dns.port}"]},
        "delivery": {"processes": 2, "port": sink.port, "lease_s": 20.0},
        "policy": {
            "max_receivers_per_list": 0,
            "requests_per_second": 0,
            "account_per_day": 0,
            "level_per_day": [],
            "mailbox_per_hour": 0,
        },
    }


def publish(dns: DnsServer) -> None:
    """Make the receiving domains."""
    for number in range(SITES):
        dns.add(f"r{number}.test", "MX", "10 mx.sink.test.")
    dns.add("mx.sink.test", "A", "127.0.0.1")


async def first(server: TayoriProcess, tenant: Tenant, action: str) -> Any:
    """Return the first row that an action lists, None when nobody is there to answer.

    Each question has a connection of its own: the process behind an old one may be dead.
    """
    try:
        return (await tenant.sdk(server).call(action, Offset=0, Limit=1)).Data[0]
    except TencentCloudSDKException as error:
        if error.code != "ClientNetworkError":
            raise
        return None


async def fill(server: TayoriProcess, tenant: Tenant, receivers: int) -> int:
    """Upload a list of receivers with a value each, and return its number."""
    made = await tenant.sdk(server).call("CreateReceiver", ReceiversName="everybody")

    async def stored() -> bool:
        found = await first(server, tenant, "ListReceivers")
        return bool(found and found.ReceiversStatus == UPLOADED)

    for start in range(0, receivers, MOST_AT_ONCE):
        datas = [
            {"Email": f"u{n}@r{n % SITES}.test", "TemplateData": json.dumps({"name": f"R{n}"})}
            for n in range(start, min(receivers, start + MOST_AT_ONCE))
        ]
        await tenant.sdk(server).call(
            "CreateReceiverDetailWithData", ReceiverId=made.ReceiverId, Datas=datas
        )
        await server.until(stored, timeout_s=600)
    return int(made.ReceiverId)


async def send(server: TayoriProcess, tenant: Tenant, list_id: int) -> None:
    """Create the task."""
    await tenant.sdk(server).call(
        "BatchSendEmail",
        FromEmailAddress=tenant.sender,
        ReceiverId=list_id,
        Subject="News for {{name}}",
        TaskType=1,
        Template={"TemplateID": tenant.template_id, "TemplateData": "{}"},
    )


async def arrived(server: TayoriProcess, tenant: Tenant, sink: SinkProcess, receivers: int) -> None:
    """Return when the task is at its end and every receiver has a mail."""

    async def done() -> bool:
        if sink.count < receivers or sink.missing:
            return False
        task = await first(server, tenant, "ListSendTasks")
        return bool(task and task.TaskStatus == FINISHED and task.SendCount == receivers)

    await server.until(done, timeout_s=PATIENCE_S)


def kill_one(server: TayoriProcess, name: str) -> None:
    """Kill one of the server's own processes at once (SIGKILL); the supervisor replaces it."""
    os.kill(server.processes[name], signal.SIGKILL)


async def measure(folder: Path, receivers: int, kill_every_s: float) -> Result:
    """Fill, send, count; with `kill_every_s` a process dies again and again until all is sent."""
    async with DnsServer() as dns, SinkProcess(numbered=receivers) as sink:
        publish(dns)
        server = BenchServer(folder, settings_of(dns, sink))
        await server.start()
        try:
            return await _measure(server, dns, sink, receivers, kill_every_s)
        finally:
            await server.close()


async def _measure(
    server: BenchServer, dns: DnsServer, sink: SinkProcess, receivers: int, kill_every_s: float
) -> Result:
    loop, chance, killed = asyncio.get_running_loop(), random.Random(7), Counter[str]()
    tenant = await new_tenant(server, dns)
    began = loop.time()
    list_id = await fill(server, tenant, receivers)
    uploaded = loop.time()
    before_s = server_cpu_s(int(server.ready["pid"]))
    await send(server, tenant, list_id)
    arrival = asyncio.create_task(arrived(server, tenant, sink, receivers))
    peak = 0.0
    while not arrival.done():
        await asyncio.wait({arrival}, timeout=kill_every_s or 10.0)
        peak = max(peak, usage_of(int(server.ready["pid"])).peak_mib)
        if kill_every_s and not arrival.done():
            victim = chance.choice(sorted(server.processes))
            kill_one(server, victim)
            killed[victim.partition("-")[0]] += 1
    await arrival
    ended = loop.time()
    after = usage_of(int(server.ready["pid"]))
    async with server.ledger() as ledger:
        queued_twice = await ledger.queued_twice()
    files = server.data_dir.glob("*.db*")
    octets = sum(file.stat().st_size for file in files)
    return Result(
        receivers=receivers,
        kills=killed.total(),
        kills_of_deliverers=killed["delivery"],
        queued_twice=queued_twice,
        missing=sink.missing,
        twice=sink.twice,
        delivered_per_s=receivers / (ended - uploaded),
        seconds=ended - uploaded,
        upload_s=uploaded - began,
        cpu_s_per_1000=(server_cpu_s(int(server.ready["pid"])) - before_s) / receivers * 1_000,
        peak_mib=max(peak, after.peak_mib),
        database_mib=octets / 2**20,
        octets_per_receiver=octets / receivers,
    )


def main() -> None:
    """Measure and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--receivers", type=int, default=1_000_000)
    parser.add_argument("--kill-every", type=float, default=0.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = asyncio.run(measure(Path(folder), given.receivers, given.kill_every))
    sys.stdout.write(msgspec.json.encode(result).decode() + "\n")


if __name__ == "__main__":
    main()
