"""One ASGI application on its own loopback port, within the running event loop."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Any, Self

import uvicorn
from starlette.types import ASGIApp


class WebServer:
    """Serves an application until it is stopped; signals stay the caller's business."""

    def __init__(self, application: ASGIApp, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.host = host
        self.port = port
        config = uvicorn.Config(
            application,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            ws="none",
            timeout_graceful_shutdown=1,
        )
        self._server = _QuietServer(config)
        self._serving: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Return where the application is, without a final slash."""
        return f"http://{self.host}:{self.port}"

    async def start(self) -> None:
        """Open the port; with port 0 a free one is found. OSError when taken."""
        listener = socket.create_server((self.host, self.port), backlog=128)
        self.port = int(listener.getsockname()[1])
        # The socket listens already: who connects before the server is up waits in its queue.
        serving = self._server.serve(sockets=[listener])
        self._serving = asyncio.get_running_loop().create_task(serving)

    async def stop(self) -> None:
        """Close the port and end open requests."""
        if self._serving is not None:
            await self._server.started_up.wait()
            self._server.should_exit = True
            await self._serving

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


class _QuietServer(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.started_up = asyncio.Event()

    async def startup(self, *args: Any, **kwargs: Any) -> None:
        """Note the end of the start: being stopped before it would leave the socket open."""
        await super().startup(*args, **kwargs)
        self.started_up.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield
