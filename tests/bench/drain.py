"""Mails per second from a full queue to a fast receiver that throws them away.

Run: python -m tests.bench.drain [--mails N] [--size OCTETS] [--processes N] [--receivers N]
One line per way: mails/s (wall clock, from the first lease to the last mail at the receiver), CPU
seconds of the delivery processes per 1,000 mails, and the largest of them in MiB. RSA costs very
different times on different machines, so each way is measured with and without it.
"""

import argparse
import asyncio
import multiprocessing
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import uvloop
from tests.bench.drain_parts import domain_of, fill, run_deliverer, run_sink, settings_of

from tayori.app.parts import Parts, opened, prepare
from tayori.mail.dkim import RsaSigner, generate_rsa
from tayori.sandbox.dns_server import DnsServer

_SPAWN = multiprocessing.get_context("spawn")
_BUDGETS = {False: 2_800, True: 2_400}
"""Mails/s with RSA-2048 and two processes, without and with STARTTLS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One drain to measure; `url` of an empty database, "" for the embedded one."""

    mails: int = 2_000
    size: int = 5_000
    processes: int = 2
    connections: int = 10
    receivers: int = 1
    """Sites among which the mails are divided."""
    tls: bool = False
    signed: bool = True
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drained:
    """What came of it."""

    mails_per_s: float
    cpu_s_per_1000: float
    peak_mib: float
    octets: int
    """Mean size of a mail on the wire."""
    copies: int
    """Mails at the receiver beyond those that were waited for."""
    taken: int


async def _fill(parts: Parts, way: Way) -> None:
    await fill(parts, way.mails, way.size, way.receivers)


async def drain(
    way: Way, folder: Path, fill_queue: Callable[[Parts, Way], Awaitable[None]] = _fill
) -> Drained:
    """Fill a queue and empty it, or take `way.mails` out of it when it holds more."""
    sink_pipe, pipe = _SPAWN.Pipe()
    sink = _SPAWN.Process(target=run_sink, args=(pipe, str(folder), way.mails, way.tls))
    sink.start()
    port = await asyncio.to_thread(sink_pipe.recv)
    async with DnsServer() as dns:
        for number in range(way.receivers):
            dns.add(domain_of(number), "MX", f"10 mx.{domain_of(number)}.")
            dns.add(f"mx.{domain_of(number)}", "A", "127.0.0.1")
        servers = [f"{dns.address[0]}:{dns.address[1]}"]
        settings = settings_of(folder, servers, port, way.url, way.connections)
        await prepare(settings)
        async with opened(settings) as parts:
            await fill_queue(parts, way)
        encoded = msgspec.json.encode(settings)
        pairs = [_SPAWN.Pipe() for _ in range(way.processes)]
        deliverers = [
            _SPAWN.Process(target=run_deliverer, args=(theirs, encoded, number, way.signed))
            for number, (_, theirs) in enumerate(pairs)
        ]
        for deliverer in deliverers:
            deliverer.start()
        pipes = [ours for ours, _ in pairs]
        for ours in pipes:
            await asyncio.to_thread(ours.recv)
        began = time.perf_counter()
        for ours in pipes:
            ours.send("go")
        mails, octets = await asyncio.to_thread(sink_pipe.recv)
        seconds = time.perf_counter() - began
        for ours in pipes:
            ours.send("stop")
        usages = [await asyncio.to_thread(ours.recv) for ours in pipes]
    sink_pipe.send("stop")
    taken = await asyncio.to_thread(sink_pipe.recv)
    for process in (*deliverers, sink):
        await asyncio.to_thread(process.join)
    return Drained(
        mails_per_s=mails / seconds,
        cpu_s_per_1000=1000 * sum(cpu for cpu, _ in usages) / taken,
        peak_mib=max(peak for _, peak in usages),
        octets=octets // mails,
        copies=taken - way.mails,
        taken=taken,
    )


def rsa_s() -> float:
    """Return the seconds of one RSA-2048 signature on this machine, alone."""
    signer = RsaSigner(pem=generate_rsa(2048).pem, domain="a.test", selector="s")
    count = 200
    began = time.process_time()
    for number in range(count):
        signer.sign(number.to_bytes(4))
    return (time.process_time() - began) / count


def main() -> None:
    """Measure plain and STARTTLS, each with and without RSA."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--mails", type=int, default=2_000)
    parser.add_argument("--size", type=int, default=5_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--connections", type=int, default=10)
    parser.add_argument("--receivers", type=int, default=1)
    options = parser.parse_args()
    print(f"RSA-2048 alone: {rsa_s() * 1e6:.0f} us of CPU per signature")  # noqa: T201 - a bench prints
    for tls in (False, True):
        for signed in (True, False):
            way = Way(
                mails=options.mails,
                size=options.size,
                processes=options.processes,
                connections=options.connections,
                receivers=options.receivers,
                tls=tls,
                signed=signed,
            )
            with tempfile.TemporaryDirectory() as folder:
                done = uvloop.run(drain(way, Path(folder)))
            name = f"{'STARTTLS' if tls else 'plain'}, {'RSA-2048' if signed else 'no RSA'}"
            budget = f"  budget {_BUDGETS[tls]:,}" if signed else ""
            print(  # noqa: T201 - a bench prints
                f"drain {name:20} {done.mails_per_s:8,.0f} mails/s "
                f"{done.cpu_s_per_1000:6.2f} CPU s/1,000 {done.peak_mib:5.0f} MiB "
                f"{done.octets:6,} octets{budget}"
            )


if __name__ == "__main__":
    main()
