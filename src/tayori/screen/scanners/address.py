"""Where an engine listens: host:port, or the path of a Unix socket."""

import asyncio
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EngineAddress:
    """An address from the settings."""

    text: str

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection; OSError."""
        if self.text.startswith("/"):
            return await asyncio.open_unix_connection(self.text)
        host, _, port = self.text.rpartition(":")
        return await asyncio.open_connection(host.strip("[]"), int(port))
