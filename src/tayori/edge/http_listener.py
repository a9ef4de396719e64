"""The HTTP listener: uvicorn on a socket that is bound already, as a service of this process."""

import asyncio
import contextlib
import socket
from collections.abc import Generator
from typing import Any

import uvicorn

DRAIN_S = 10
KEEP_ALIVE_S = 75


class _Server(uvicorn.Server):
    """uvicorn without signal handlers of its own: the process has its own order of stopping."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


class HttpListener:
    """Serves an ASGI application on a bound socket."""

    def __init__(self, application: Any, bound: socket.socket) -> None:
        self._bound = bound
        config = uvicorn.Config(
            application,
            http="httptools",
            loop="none",
            lifespan="off",
            interface="asgi3",
            access_log=False,
            log_config=None,
            log_level="warning",
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=DRAIN_S,
        )
        self._server = _Server(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Return when connections are taken."""
        self._task = asyncio.create_task(self._server.serve([self._bound]), name="http")
        listening = asyncio.create_task(self._server.listening.wait())
        await asyncio.wait({self._task, listening}, return_when=asyncio.FIRST_COMPLETED)
        if self._task.done():
            listening.cancel()
            await self._task

    async def stop(self) -> None:
        """Take no new connection, answer what was asked, close."""
        self._server.should_exit = True
        if self._task is not None:
            await asyncio.wait({self._task})
