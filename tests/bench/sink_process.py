"""A fast receiving server in a process of its own, which counts mails and throws them away."""

import asyncio
import datetime as dt
import multiprocessing
import tempfile
from collections.abc import Sequence
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any, Self

import uvloop

from tayori.smtp.handler import Answer, Connection, Handler, Received, ServerSettings
from tayori.smtp.server import Server
from tayori.smtp.tls import server_context, write_self_signed

_HEADER = 4_096
"""Octets in which a signature is looked for."""


class SinkProcess:
    """Listens on a free port of 127.0.0.1; with `tls` it offers STARTTLS.

    With `numbered` it counts the mails of each receiver u0, u1, ... up to that number.
    """

    def __init__(self, *, tls: bool = False, numbered: int = 0) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._count: Synchronized[int] = spawn.Value("q", 0)
        self._signed: Synchronized[int] = spawn.Value("q", 0)
        self._each: Any = spawn.RawArray("B", numbered)
        self._port: Synchronized[int] = spawn.Value("i", 0)
        self._end: Event = spawn.Event()
        self._up: Event = spawn.Event()
        self._process = spawn.Process(
            target=_run,
            args=((self._count, self._signed, self._each), self._port, self._up, self._end, tls),
            daemon=True,
        )

    @property
    def port(self) -> int:
        """Return the port."""
        return int(self._port.value)

    @property
    def count(self) -> int:
        """Return how many mails were taken."""
        return int(self._count.value)

    @property
    def signed(self) -> int:
        """Return how many of them had a DKIM signature."""
        return int(self._signed.value)

    @property
    def missing(self) -> int:
        """Return how many of the numbered receivers got nothing."""
        return bytes(self._each).count(0)

    @property
    def twice(self) -> int:
        """Return how many of them got more than one mail."""
        return len(self._each) - self.missing - bytes(self._each).count(1)

    async def wait_for(self, count: int, timeout_s: float = 600) -> None:
        """Return when so many mails were taken."""
        async with asyncio.timeout(timeout_s):
            while self.count < count:
                await asyncio.to_thread(self._end.wait, 0.01)

    async def __aenter__(self) -> Self:
        self._process.start()
        await asyncio.to_thread(self._up.wait)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._end.set()
        await asyncio.to_thread(self._process.join)


class _Counting(Handler):
    """Takes everything."""

    def __init__(self, counts: Any) -> None:
        super().__init__()
        self._count, self._signed, self._each = counts

    def data(self, received: Received, content: bytes) -> Answer:
        """Count it and say yes."""
        # One process writes, so the value needs no lock.
        self._count.get_obj().value += 1
        if b"dkim-signature:" in content[:_HEADER].lower():
            self._signed.get_obj().value += 1
        for rcpt in received.recipients if self._each else ():
            number = int(rcpt.address.partition("@")[0][1:])
            self._each[number] = min(255, self._each[number] + 1)
        return super().data(received, content)


def _run(counts: Any, port: Any, up: Event, end: Event, tls: bool) -> None:
    uvloop.run(_serve(counts, port, up, end, tls=tls))


async def _serve(counts: Any, port: Any, up: Event, end: Event, *, tls: bool) -> None:
    context = _context() if tls else None

    def handler(_connection: Connection) -> Handler:
        return _Counting(counts)

    server = Server(
        handler, ServerSettings(host_name="mx.sink.test", tls=context, max_commands=1 << 30)
    )
    port.value = (await server.start("127.0.0.1", 0))[1]
    up.set()
    await asyncio.to_thread(end.wait)
    await server.stop(grace_s=1)


def _context() -> Any:
    with tempfile.TemporaryDirectory() as folder:
        files: Sequence[Path] = (Path(folder) / "cert.pem", Path(folder) / "key.pem")
        now = dt.datetime.now(dt.UTC)
        write_self_signed("mx.sink.test", cert_file=files[0], key_file=files[1], now=now)
        return server_context(*files)
