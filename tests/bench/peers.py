"""`make bench-peers`: Tayori, Postfix with OpenDKIM and Haraka with DKIM under one load, in one run.

Each takes the same mails of 5 kB by SMTP in 20 kept sessions, signs with RSA-2048 and delivers to a
fast sink of its own on loopback; sender, servers and sink share the machine. Rounds alternate, and
the table shows medians; machines differ, so compare ratios. Tayori logs its clients in and has all
its checks; the others relay what they are given. The peers sign while they accept and Tayori while
it delivers, so their drains of a held queue have no signature in them. Nothing is installed or
written: packages come from apt and npm into build/. Run: make bench-peers
[ARGS="--mails 2000 --rounds 3"]
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table
from tests.bench.accept import BenchServer
from tests.bench.peers_haraka import haraka_with_dkim
from tests.bench.peers_postfix import postfix_with_opendkim
from tests.bench.peers_signing import Peer
from tests.bench.sink_process import SinkProcess
from tests.bench.submission import PASSWORD, SETTINGS, load, ready_tenant
from tests.bench.submission_load import Target
from tests.bench.usage import usage_of

from tayori.mail.dkim import generate_rsa
from tayori.sandbox.dns_server import DnsServer

DOMAIN = "mail.shop.test"
RECEIVERS = 40
OCTETS = 5_000
SESSIONS = 20
TIMEOUT_S = 120
TAYORI = "Tayori"
PEERS: dict[str, Callable[..., AbstractContextManager[Peer]]] = {
    "Postfix + OpenDKIM": postfix_with_opendkim,
    "Haraka + DKIM": haraka_with_dkim,
}


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """What one server did once; rates are mails a second."""

    accepted_per_s: float
    delivered_per_s: float
    drained_per_s: float
    cpu_s_per_1000: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What each server is given; `password` is "" where nobody logs in."""

    mails: int
    password: str = ""

    def target(self, port: int) -> Target:
        """Return the load for the server at 127.0.0.1:`port`."""
        return Target(
            host="127.0.0.1",
            port=port,
            sender=f"news@{DOMAIN}",
            password=self.password,
            receivers=tuple(f"u{n}@r{n % RECEIVERS}.test" for n in range(self.mails)),
            mails=self.mails,
            sessions=SESSIONS,
            octets=OCTETS,
            # Haraka takes no envelope behind the final dot of the mail before it.
            chained=False,
        )


async def _through(load_of: Load, port: int, sink: SinkProcess) -> tuple[float, float]:
    """Return what was accepted and what was delivered a second."""
    before = sink.count
    delivered = asyncio.create_task(_drained(load_of.mails, sink, before))
    try:
        accepted = await _accepted(load_of, port)
        return accepted, await delivered
    finally:
        delivered.cancel()


async def _accepted(load_of: Load, port: int) -> float:
    """Return what was accepted a second; RuntimeError unless all was."""
    measured = await load(load_of.target(port))
    if measured.accepted != load_of.mails:
        raise RuntimeError(f"it refused: {measured.first_refusal}")
    return measured.per_second


async def _drained(mails: int, sink: SinkProcess, before: int) -> float:
    """Return the mails a second from the first to the last that comes to the sink."""
    await sink.wait_for(before + 1, TIMEOUT_S)
    first, began = sink.count, time.perf_counter()
    await sink.wait_for(before + mails, TIMEOUT_S)
    return (before + mails - first) / (time.perf_counter() - began)


async def peer_round(
    start: Callable[..., AbstractContextManager[Peer]], key: str, mails: int
) -> Round:
    """Measure a peer once; RuntimeError when it cannot be set up or does not sign."""
    load_of = Load(mails=mails)
    async with SinkProcess() as sink:
        with start(sink.port, key, DOMAIN, held=False) as peer:
            await _through(Load(mails=200), peer.port, sink)
            before = peer.cpu_s()
            accepted, delivered = await _through(load_of, peer.port, sink)
            cpu_s = peer.cpu_s() - before
        with start(sink.port, key, DOMAIN, held=True) as peer:
            taken = sink.count
            await _accepted(load_of, peer.port)
            await peer.release()
            drained = await _drained(mails, sink, taken)
        _check_signed(sink)
    return Round(
        accepted_per_s=accepted,
        delivered_per_s=delivered,
        drained_per_s=drained,
        cpu_s_per_1000=1000 * cpu_s / mails,
    )


async def tayori_round(mails: int) -> Round:
    """Measure Tayori once."""
    load_of = Load(mails=mails, password=PASSWORD)
    async with SinkProcess() as sink, _tayori(sink.port) as (server, dns):
        await server.start()
        await ready_tenant(server, dns)
        await _through(Load(mails=200, password=PASSWORD), _port(server), sink)
        before = usage_of(int(server.ready["pid"])).cpu_s
        accepted, delivered = await _through(load_of, _port(server), sink)
        cpu_s = usage_of(int(server.ready["pid"])).cpu_s - before
        await server.stop()
        taken = sink.count
        await server.start(roles="api,submission,sweep")
        await _accepted(load_of, _port(server))
        await server.stop()
        await server.start()
        drained = await _drained(mails, sink, taken)
        await server.stop()
        _check_signed(sink)
    return Round(
        accepted_per_s=accepted,
        delivered_per_s=delivered,
        drained_per_s=drained,
        cpu_s_per_1000=1000 * cpu_s / mails,
    )


@asynccontextmanager
async def _tayori(sink: int) -> AsyncIterator[tuple[BenchServer, DnsServer]]:
    with tempfile.TemporaryDirectory() as folder:
        async with DnsServer() as dns:
            for number in range(RECEIVERS):
                dns.set(f"r{number}.test", "MX", f"10 mx.r{number}.test.")
                dns.set(f"mx.r{number}.test", "A", "127.0.0.1")
            host, port = dns.address
            settings = {
                **SETTINGS,
                "dns": {"servers": [f"{host}:{port}"]},
                "delivery": {"processes": 2, "port": sink, "allow_private_networks": True},
            }
            server = BenchServer(Path(folder), settings)
            try:
                yield server, dns
            finally:
                await server.close()


def _port(server: BenchServer) -> int:
    return int(str(server.ready["submission"]).rpartition(":")[2])


def _check_signed(sink: SinkProcess) -> None:
    if sink.signed != sink.count:
        raise RuntimeError(f"only {sink.signed} of {sink.count} mails were signed")


async def measure(mails: int, rounds: int) -> tuple[dict[str, Round], dict[str, str]]:
    """Return the medians by server, and why a peer is missing."""
    key = generate_rsa(2048).pem.decode()
    found: dict[str, list[Round]] = {}
    missing: dict[str, str] = {}
    for _ in range(rounds):
        found.setdefault(TAYORI, []).append(await tayori_round(mails))
        for name, start in PEERS.items():
            if name in missing:
                continue
            try:
                found.setdefault(name, []).append(await peer_round(start, key, mails))
            except (OSError, RuntimeError) as error:
                missing[name] = str(error)
    return {name: _median(some) for name, some in found.items() if some}, missing


def _median(rounds: Sequence[Round]) -> Round:
    fields = Round.__struct_fields__
    return Round(
        **{name: statistics.median(getattr(one, name) for one in rounds) for name in fields}
    )


_ROWS = {
    "accepted_per_s": "SMTP in, accepted (mails/s)",
    "delivered_per_s": "SMTP in, delivered with RSA-2048 (mails/s)",
    "drained_per_s": "drain of a held queue (mails/s; the peers have signed before)",
    "cpu_s_per_1000": "CPU seconds per 1,000 mails, in to out",
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    medians, missing = asyncio.run(measure(given.mails, given.rounds))
    others = [name for name in PEERS if name in medians]
    table = Table("", TAYORI, *(column for name in others for column in (name, "ratio")), box=None)
    for field, row in _ROWS.items():
        own = getattr(medians[TAYORI], field)
        cells = [f"{own:,.2f}" if own < 10 else f"{own:,.0f}"]
        for name in others:
            value = getattr(medians[name], field)
            cells += [f"{value:,.2f}" if value < 10 else f"{value:,.0f}", f"{own / value:.2f}"]
        table.add_row(row, *cells)
    Console(highlight=False, width=140).print(table)
    for name, reason in missing.items():
        sys.stdout.write(f"{name} could not be set up here: {reason}\n")


if __name__ == "__main__":
    main()
