"""Mails per second from our client to our server, which throws them away: one process each.

Run: python -m tests.bench.smtp_client_bench [--mails N] [--size OCTETS] [--sessions N]
Each way is printed with mails/s (wall clock) and the client's CPU microseconds per mail.
"""

import argparse
import asyncio
import datetime as dt
import multiprocessing
import resource
import tempfile
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

import uvloop

from tayori.mail.outcome import Kind
from tayori.runtime.clock import SystemClock
from tayori.smtp.client import connect
from tayori.smtp.envelope import ConnectFailure, Envelope, SendResult
from tayori.smtp.handler import Handler, ServerSettings
from tayori.smtp.server import Server
from tayori.smtp.session import Session
from tayori.smtp.tls import ClientTls, TlsPolicy, server_context, write_self_signed

_AHEAD = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What to send and where to."""

    port: int
    mails: int
    sessions: int
    content: bytes
    policy: TlsPolicy
    client_tls: ClientTls | None


async def _sink(pipe: Pipe, folder: Path) -> None:
    cert_file, key_file = folder / "cert.pem", folder / "key.pem"
    now = dt.datetime.now(dt.UTC)
    write_self_signed("localhost", cert_file=cert_file, key_file=key_file, now=now)
    tls = server_context(cert_file, key_file)
    server = Server(lambda _: Handler(), ServerSettings(host_name="localhost", tls=tls))
    pipe.send((await server.start("127.0.0.1", 0))[1])
    await asyncio.get_running_loop().run_in_executor(None, pipe.recv)
    await server.stop(grace_s=1)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    pipe.send(usage.ru_utime + usage.ru_stime)


def _run_sink(pipe: Pipe, folder: str) -> None:
    uvloop.run(_sink(pipe, Path(folder)))


async def _session(load: Load) -> Session:
    session = await connect(
        "127.0.0.1",
        load.port,
        host_name="localhost",
        ehlo_name="bench.example",
        clock=SystemClock(),
        tls=load.policy,
        client_tls=load.client_tls,
    )
    if isinstance(session, ConnectFailure):
        raise SystemExit(str(session.outcome))
    return session


def _check(result: SendResult) -> None:
    if result.outcomes[0].kind is not Kind.DELIVERED:
        raise SystemExit(str(result))


async def _new(load: Load, envelope: Envelope, count: int) -> None:
    for _ in range(count):
        session = await _session(load)
        _check(await session.send(envelope, load.content))
        await session.quit()


async def _kept(load: Load, envelope: Envelope, count: int) -> None:
    session = await _session(load)
    for _ in range(count):
        _check(await session.send(envelope, load.content))
    await session.quit()


async def _chained(load: Load, envelope: Envelope, count: int) -> None:
    session = await _session(load)
    ahead: deque[asyncio.Future[SendResult]] = deque()
    for _ in range(count):
        if len(ahead) == _AHEAD:
            _check(await ahead.popleft())
        ahead.append(session.send(envelope, load.content, chain=True))
    for result in ahead:
        _check(await result)
    await session.quit()


async def _measure(
    name: str, way: Callable[[Load, Envelope, int], Awaitable[None]], load: Load
) -> None:
    envelope = Envelope(
        return_path="bounce@sender.example",
        recipients=("somebody@receiver.example",),
        size=len(load.content),
    )
    wall, cpu = time.perf_counter(), time.process_time()
    share = max(1, load.mails // load.sessions)
    await asyncio.gather(*(way(load, envelope, share) for _ in range(load.sessions)))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    mails = share * load.sessions
    print(f"{name:28} {mails / wall:9,.0f} mails/s {cpu / mails * 1e6:8.1f} us client CPU")  # noqa: T201 - a bench prints


async def _bench(port: int, options: argparse.Namespace) -> None:
    line = b"The quick brown fox jumps over the lazy dog and goes home to read mail.\r\n"
    content = b"Subject: bench\r\n\r\n" + line * max(1, options.size // len(line))
    tls = ClientTls()
    for policy in (TlsPolicy.NONE, TlsPolicy.OPPORTUNISTIC):
        client_tls = None if policy is TlsPolicy.NONE else tls
        name = "plain" if policy is TlsPolicy.NONE else "STARTTLS"
        ways = (("new", _new, 10), ("kept", _kept, 1), ("chained", _chained, 1))
        for way_name, way, divisor in ways:
            load = Load(
                port=port,
                mails=options.mails // divisor,
                sessions=options.sessions,
                content=content,
                policy=policy,
                client_tls=client_tls,
            )
            await _measure(f"{name}, {way_name}", way, load)


def main() -> None:
    """Start the sink, run all ways, stop the sink."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--mails", type=int, default=50_000)
    parser.add_argument("--size", type=int, default=5_000)
    parser.add_argument("--sessions", type=int, default=20)
    options = parser.parse_args()
    ours, theirs = multiprocessing.Pipe()
    with tempfile.TemporaryDirectory() as folder:
        context = multiprocessing.get_context("spawn")
        sink = context.Process(target=_run_sink, args=(theirs, folder))
        sink.start()
        uvloop.run(_bench(ours.recv(), options))
        ours.send("stop")
        print(f"server CPU {ours.recv():.2f} s in all")  # noqa: T201 - a bench prints
        sink.join()


if __name__ == "__main__":
    main()
