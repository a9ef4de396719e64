"""A customer's HTTP server that takes callbacks, or does to them what a test wants."""

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Taken:
    """One call as it came."""

    path: str
    headers: dict[str, str]
    body: bytes
    transport: asyncio.Transport | None = None
    """The connection that it came by, to be broken."""

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


Behaviour = Callable[[Taken], Awaitable[web.StreamResponse]]


async def yes(_: Taken) -> web.StreamResponse:
    return web.json_response({"ok": True})


@dataclass
class CallbackReceiver:
    """Serves on 127.0.0.1; `behave` may be exchanged at any time."""

    behave: Behaviour = yes
    tls: ssl.SSLContext | None = None
    taken: list[Taken] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    port: int = 0
    _runner: web.AppRunner | None = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self.tls)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def url(self) -> str:
        scheme = "http" if self.tls is None else "https"
        return f"{scheme}://127.0.0.1:{self.port}/events"

    async def wait_for(self, count: int, timeout_s: float = 60) -> None:
        """Return when so many calls have come."""
        async with asyncio.timeout(timeout_s):
            while len(self.taken) < count:
                self._changed.clear()
                await self._changed.wait()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        taken = Taken(request.path, dict(request.headers), await request.read(), request.transport)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.taken.append(taken)
        self._changed.set()
        try:
            return await self.behave(taken)
        finally:
            self.at_once -= 1
