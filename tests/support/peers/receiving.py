"""Our own server with a handler that records, and what tests need around it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tayori.mail.reply import Reply
from tayori.smtp.commands import MailFrom, RcptTo
from tayori.smtp.handler import Answer, Connection, Handler, Received, ServerSettings
from tayori.smtp.sasl import Credentials
from tayori.smtp.server import Server


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """PEM files: key and chain of mx.receiver.example in one, and the authority's."""

    both: Path
    roots: Path


class Recorder(Handler):
    """Takes every message and remembers all that it was told, over all connections.

    Addresses decide: "unknown" is refused for ever, "later" for now, "slow" waits for `release`,
    "broken" raises.
    """

    def __init__(self) -> None:
        self.messages: list[tuple[Received, bytes]] = []
        self.connections: list[Connection] = []
        self.disconnected = 0
        self.resets = 0
        self.credentials: list[Credentials] = []
        self.release = asyncio.Event()
        self.asked = asyncio.Event()

    def connect(self, connection: Connection) -> Answer | None:
        """Remember the connection."""
        self.connections.append(connection)
        return None

    def auth(self, credentials: Credentials) -> Answer:
        """Accept the password "secret"."""
        self.credentials.append(credentials)
        if credentials.password == "secret":
            return Reply(235, "2.7.0", ("Welcome",))
        return Reply(535, "5.7.8", ("No",))

    def rcpt(self, mail: MailFrom, rcpt: RcptTo) -> Answer:
        """Decide by the local part."""
        if rcpt.address.startswith("unknown"):
            return Reply(550, "5.1.1", ("No such user",))
        if rcpt.address.startswith("later"):
            return Reply(450, "4.2.1", ("Come back",))
        if rcpt.address.startswith("broken"):
            raise RuntimeError("a fault in the handler")
        return super().rcpt(mail, rcpt)

    def data(self, received: Received, content: bytes) -> Answer:
        """Take the message, perhaps slowly."""
        if any(rcpt.address.startswith("slow") for rcpt in received.recipients):
            return self._later(received, content)
        self.messages.append((received, content))
        return Reply(250, "2.0.0", (f"taken as {len(self.messages)}",))

    async def _later(self, received: Received, content: bytes) -> Reply:
        self.asked.set()
        await self.release.wait()
        self.messages.append((received, content))
        return Reply(250, "2.0.0", (f"taken as {len(self.messages)}",))

    def reset(self) -> None:
        """Count."""
        self.resets += 1

    def disconnect(self) -> None:
        """Count."""
        self.disconnected += 1


class Receivers:
    """Starts servers for one test and stops them after it."""

    def __init__(self) -> None:
        self._servers: list[Server] = []

    async def start(
        self,
        handler: Handler | Callable[[Connection], Handler],
        settings: ServerSettings | None = None,
    ) -> int:
        """Start a server on 127.0.0.1; return its port."""
        server = Server(
            (lambda _: handler) if isinstance(handler, Handler) else handler,
            settings or ServerSettings(host_name="mx.receiver.example"),
        )
        self._servers.append(server)
        return (await server.start("127.0.0.1", 0))[1]

    @property
    def last(self) -> Server:
        """Return the server started last."""
        return self._servers[-1]

    async def stop(self) -> None:
        """Stop them all."""
        for server in self._servers:
            await server.stop(grace_s=0)
