"""SMTP servers that follow a script of a few lines, to misbehave exactly as wanted."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias


class Peer:
    """One accepted connection, as a script sees it."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, heard: list[bytes]
    ) -> None:
        self._reader = reader
        self._writer = writer
        self.heard = heard

    async def line(self) -> bytes:
        """Read a command line, without CRLF; b"" at the end of the connection."""
        line = await self._reader.readline()
        if line:
            self.heard.append(line)
        return line.rstrip(b"\r\n")

    async def expect(self, start: bytes) -> bytes:
        """Read a command line that has to begin so."""
        line = await self.line()
        assert line.startswith(start), (start, line)
        return line

    async def content(self) -> bytes:
        """Read up to the final dot, which is left out."""
        content = await self._reader.readuntil(b"\r\n.\r\n")
        self.heard.append(content)
        return content[:-3]

    async def octets(self, count: int) -> bytes:
        """Read exactly so many octets."""
        return await self._reader.readexactly(count)

    async def say(self, octets: bytes) -> None:
        """Send octets as they are."""
        self._writer.write(octets)
        await self._writer.drain()

    async def ended(self) -> None:
        """Read until the client closes or says QUIT."""
        while chunk := await self._reader.read(65536):
            self.heard.append(chunk)
            if chunk.endswith(b"QUIT\r\n"):
                await self.say(b"221 Bye\r\n")
                return

    async def secure(self, context: ssl.SSLContext) -> None:
        """Hold the TLS handshake."""
        await self._writer.start_tls(context)

    def reset(self) -> None:
        """Cut the connection (RST)."""
        self._writer.transport.abort()


Script: TypeAlias = Callable[[Peer], Awaitable[None]]


class ScriptedServer:
    """What a test sees of the server."""

    def __init__(self, scripts: tuple[Script, ...]) -> None:
        self.port = 0
        self.connections = 0
        self.heard: list[bytes] = []
        """Lines and contents in order, all connections together."""
        self.errors: list[BaseException] = []
        self.tasks: set[asyncio.Task[None]] = set()
        self._scripts = scripts

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Run the script of this connection; the last script serves all further ones."""
        script = self._scripts[min(self.connections, len(self._scripts) - 1)]
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        try:
            await script(Peer(reader, writer, self.heard))
        except (ConnectionError, ssl.SSLError, asyncio.IncompleteReadError):
            pass
        except asyncio.CancelledError:
            pass
        except AssertionError as error:
            self.errors.append(error)
        finally:
            self.tasks.discard(task)
            writer.close()


@asynccontextmanager
async def scripted(
    *scripts: Script, host: str = "127.0.0.1", port: int = 0, read_ahead: int = 1 << 24
) -> AsyncIterator[ScriptedServer]:
    """Serve the scripts on a port of loopback; a broken expectation fails at the end.

    About `read_ahead` octets are taken that no script asked for; the kernel takes as many.
    """
    peer = ScriptedServer(scripts)
    bound = socket.create_server((host, port))
    # Accepted connections inherit it; without it the kernel may take tens of megabytes.
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, read_ahead)
    listener = await asyncio.start_server(peer.serve, sock=bound, limit=read_ahead)
    peer.port = bound.getsockname()[1]
    try:
        yield peer
    finally:
        listener.close()
        for task in tuple(peer.tasks):
            task.cancel()
        await asyncio.gather(*peer.tasks, return_exceptions=True)
        await listener.wait_closed()
    if peer.errors:
        raise peer.errors[0]
