"""A list of 50,000 receivers with data is uploaded, and a task over it expanded into the queue.

Nothing is delivered meanwhile, so the figures are of upload and expansion alone.
Run: python -m tests.bench.bulk [--receivers N]
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path

import msgspec
from tests.bench.accept import BenchServer
from tests.bench.usage import usage_of
from tests.support.tenant import new_tenant

from tayori.catalog.receivers import MOST_AT_ONCE
from tayori.sandbox.dns_server import DnsServer

UPLOADED = 3
FINISHED = 10


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What one run measured."""

    receivers: int
    uploaded_per_s: float
    expanded_per_s: float
    upload_s: float
    expand_s: float
    peak_mib: float
    cpu_s_per_1000: float


async def measure(folder: Path, receivers: int) -> Result:
    """Upload, expand, and return the figures; peak memory is that of the largest process."""
    async with DnsServer() as dns:
        dns.add("mx.tayori.test", "A", "127.0.0.1")
        dns.add("spf.tayori.test", "TXT", "v=spf1 ip4:127.0.0.1 -all")
        server = BenchServer(
            folder, {"dns": {"servers": [f"127.0.0.1:{dns.port}"]}, "delivery": {"processes": 1}}
        )
        await server.start(roles="api,bulk")
        try:
            return await _measure(server, dns, receivers)
        finally:
            await server.close()


async def _measure(server: BenchServer, dns: DnsServer, receivers: int) -> Result:
    tenant = await new_tenant(server, dns)
    client = tenant.sdk(server)
    made = await client.call("CreateReceiver", ReceiversName="everybody")
    datas = [
        {"Email": f"u{n}@r{n % 40}.test", "TemplateData": json.dumps({"name": f"Reader {n}"})}
        for n in range(receivers)
    ]

    async def stored() -> bool:
        (found,) = (await client.call("ListReceivers", Offset=0, Limit=1)).Data
        return bool(found.ReceiversStatus == UPLOADED)

    began = time.perf_counter()
    for start in range(0, receivers, MOST_AT_ONCE):
        part = datas[start : start + MOST_AT_ONCE]
        await client.call("CreateReceiverDetailWithData", ReceiverId=made.ReceiverId, Datas=part)
        await server.until(stored, timeout_s=120)
    uploaded = time.perf_counter()
    await client.call(
        "BatchSendEmail",
        FromEmailAddress=tenant.sender,
        ReceiverId=made.ReceiverId,
        Subject="News for {{name}}",
        TaskType=1,
        Template={"TemplateID": tenant.template_id, "TemplateData": "{}"},
    )
    before = usage_of(server.ready["pid"])

    async def finished() -> bool:
        (task,) = (await client.call("ListSendTasks", Offset=0, Limit=1)).Data
        return bool(task.TaskStatus == FINISHED and task.SendCount == receivers)

    await server.until(finished, timeout_s=600)
    ended = time.perf_counter()
    used = usage_of(server.ready["pid"])
    return Result(
        receivers=receivers,
        uploaded_per_s=receivers / (uploaded - began),
        expanded_per_s=receivers / (ended - uploaded),
        upload_s=uploaded - began,
        expand_s=ended - uploaded,
        peak_mib=used.peak_mib,
        cpu_s_per_1000=(used.cpu_s - before.cpu_s) / receivers * 1_000,
    )


def main() -> None:
    """Measure and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--receivers", type=int, default=50_000)
    with tempfile.TemporaryDirectory() as folder:
        result = asyncio.run(measure(Path(folder), parser.parse_args().receivers))
    sys.stdout.write(msgspec.json.encode(result).decode() + "\n")


if __name__ == "__main__":
    main()
