"""A load of signed SendEmail calls over kept connections, and what it measured.

The generator is a process of its own and spends a few microseconds a call: requests are signed
before the clock starts, answers are only searched for an error.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec
import uvloop
from tests.bench.measured import Measured, measured
from tests.support.signing import tc3_headers

Clock = Callable[[], float]


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Whom the load is for."""

    http: str  # host:port
    secret_id: str
    secret_key: str
    bodies: tuple[bytes, ...]  # SendEmail bodies, taken in turn
    calls: int
    connections: int = 64
    calls_per_second: float = 0.0  # 0 = as fast as answers come


@dataclass(slots=True)
class _Run:
    """The shared state of all connections."""

    requests: Sequence[bytes]
    pace_s: float
    began: float = 0.0
    next: int = 0
    accepted: int = 0
    refusals: list[str] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)

    def take(self) -> tuple[bytes, float] | None:
        """Return the next request and how long to wait before it, None at the end."""
        if self.next >= len(self.requests):
            return None
        request = self.requests[self.next]
        due = self.began + self.next * self.pace_s
        self.next += 1
        return request, due - time.perf_counter() if self.pace_s else 0.0


class _Connection(asyncio.Protocol):
    """One client: the next request goes out when the answer to the last is in."""

    def __init__(self, run: _Run) -> None:
        self.done = asyncio.get_running_loop().create_future()
        self._run = run
        self._buffer = b""
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]  # TCP
        self._next()

    def _next(self) -> None:
        taken = self._run.take()
        if taken is None:
            self._transport.close()
            if not self.done.done():
                self.done.set_result(None)
        elif taken[1] > 0:
            asyncio.get_running_loop().call_later(taken[1], self._send, taken[0])
        else:
            self._send(taken[0])

    def _send(self, request: bytes) -> None:
        self._sent_at = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        lower = head.lower()
        at = lower.index(b"content-length:") + 15
        length = int(lower[at:].split(b"\r\n", 1)[0])
        if len(body) < length:
            return
        self._buffer = b""
        self._run.latencies.append(time.perf_counter() - self._sent_at)
        if b'"Error"' in body or b" 200 " not in head.split(b"\r\n", 1)[0] + b" ":
            self._run.refusals.append(body.decode(errors="replace"))
        else:
            self._run.accepted += 1
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("The server closed the connection."))


def signed(target: Target) -> list[bytes]:
    """Return the requests, ready to be written."""
    now = int(time.time())
    made = []
    for number in range(target.calls):
        body = target.bodies[number % len(target.bodies)]
        headers = tc3_headers(
            "SendEmail",
            secret_id=target.secret_id,
            secret=target.secret_key.encode(),
            timestamp=now,
            host=target.http,
            body=body,
        )
        headers.append((b"Content-Length", str(len(body)).encode()))
        lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
        made.append(b"POST / HTTP/1.1\r\n" + lines + b"\r\n" + body)
    return made


async def _measure(target: Target) -> Measured:
    pace_s = 1 / target.calls_per_second if target.calls_per_second else 0.0
    run = _Run(signed(target), pace_s)
    host, _, port = target.http.rpartition(":")
    loop = asyncio.get_running_loop()
    run.began = time.perf_counter()
    opened = [
        await loop.create_connection(lambda: _Connection(run), host, int(port))
        for _ in range(target.connections)
    ]
    await asyncio.gather(*(protocol.done for _, protocol in opened))
    seconds = time.perf_counter() - run.began
    return measured(run.accepted, run.refusals, seconds, run.latencies)


def run_load(target: Target) -> Measured:
    """Run the load in this process and return what was measured."""
    return uvloop.run(_measure(target))
