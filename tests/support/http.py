"""A real HTTP server in this process, and a client that sends exactly the octets it is given."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Generator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import uvicorn


class _Quiet(uvicorn.Server):
    """uvicorn that leaves the signals of the test process alone and tells when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


@contextlib.asynccontextmanager
async def serving(application: Any) -> AsyncIterator[str]:
    """Serve an ASGI application on a free port of loopback; the value is "127.0.0.1:port"."""
    # With the protocol named asyncio switches Nagle's delay off, which costs 40 ms a call otherwise.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.bind(("127.0.0.1", 0))
    bound.listen()
    config = uvicorn.Config(
        application,
        http="httptools",
        loop="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level="critical",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    server = _Quiet(config)
    task = asyncio.create_task(server.serve([bound]))
    await server.listening.wait()
    try:
        yield f"127.0.0.1:{bound.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        bound.close()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def response(self) -> dict[str, Any]:
        """The object inside the API's envelope, after checking what every answer promises."""
        assert self.status == 200, (self.status, self.body)
        assert self.headers["content-type"] == "application/json"
        envelope = json.loads(self.body)
        assert list(envelope) == ["Response"]
        inner: dict[str, Any] = envelope["Response"]
        assert len(inner["RequestId"]) == 36
        return inner

    @property
    def code(self) -> str:
        """The error code, "" for success."""
        return str(self.response.get("Error", {}).get("Code", ""))

    @property
    def message(self) -> str:
        """The error message, "" for success."""
        return str(self.response.get("Error", {}).get("Message", ""))


async def ask(
    address: str,
    method: str,
    target: bytes,
    headers: Iterable[tuple[bytes, bytes]],
    body: bytes = b"",
) -> Answer:
    """Send one request on a connection of its own, nothing added but its length."""
    head = b"".join(b"%b: %b\r\n" % header for header in headers)
    length = b"Content-Length: %d\r\n" % len(body) if method != "GET" or body else b""
    raw = b"%b %b HTTP/1.1\r\n%b%bConnection: close\r\n\r\n" % (
        *(method.encode(), target, head),
        length,
    )
    return await exchange(address, raw + body)


async def exchange(address: str, raw: bytes) -> Answer:
    """Send octets and read one answer up to the end of the connection."""
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(raw)
        everything = await asyncio.wait_for(reader.read(), 30)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
    head, blank, content = everything.partition(b"\r\n\r\n")
    if not blank:
        raise ConnectionError("the connection ended before an answer")
    status, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return Answer(
        int(status.split(" ")[1]),
        {name.lower(): value.strip() for name, _, value in pairs},
        content,
    )
