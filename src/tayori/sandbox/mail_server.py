"""The sandbox's receiving mail server: takes every mail on loopback and keeps it in a mailbox.

STARTTLS with a certificate that is made anew at each start and never reaches a disk for longer than
it takes to load it. `behaviours` says which addresses do not simply take their mail.
"""

import asyncio
import contextlib
import datetime as dt
import ssl
import tempfile
from collections import OrderedDict
from pathlib import Path
from typing import Self

from tayori.mail.reply import Reply
from tayori.runtime.clock import Clock
from tayori.sandbox.behaviours import Behaviour, Stage, behaviour_of
from tayori.sandbox.mailbox import Mailbox
from tayori.smtp.commands import MailFrom, RcptTo
from tayori.smtp.handler import RECIPIENT_OK, Answer, Connection, Handler, Received, ServerSettings
from tayori.smtp.server import Server
from tayori.smtp.server_session import ServerSession
from tayori.smtp.tls import server_context, write_self_signed

HOST_NAME = "mx.receiver.test"
"""The name of the sandbox's receiving host."""
SLOW_S = 5.0
_REMEMBERED_GREYLISTED = 10_000
_HANG_UP = Reply(421, "4.4.2", ("Connection dropped",))


class MailServer:
    """Listens on loopback and puts what it takes into the mailbox."""

    def __init__(
        self,
        mailbox: Mailbox,
        clock: Clock,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        host_name: str = HOST_NAME,
        slow_s: float = SLOW_S,
        tls: bool = True,
    ) -> None:
        self.host = host
        self.port = port
        self.mailbox = mailbox
        self.clock = clock
        self.greylist = Greylist()
        self.stopping = asyncio.Event()
        self.slow_s = slow_s
        context = self_signed_context(host_name, clock) if tls else None
        settings = ServerSettings(host_name=host_name, tls=context)
        self._server = _SandboxServer(lambda connection: _Taking(self, connection), settings)

    async def start(self) -> None:
        """Open the port; with port 0 a free one is found. OSError when taken."""
        self.host, self.port = await self._server.start(self.host, self.port)

    async def stop(self) -> None:
        """Close the port and every connection."""
        self.stopping.set()
        await self._server.stop(grace_s=1.0)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


class Greylist:
    """Which addresses were put off and are taken next time.

    An address that was taken is forgotten, so that each new mail to it is put off once.
    """

    def __init__(self) -> None:
        self._put_off: OrderedDict[str, None] = OrderedDict()

    def comes_again(self, address: str) -> bool:
        """Tell whether the address was put off before; if not, it is now."""
        key = address.lower()
        if key in self._put_off:
            del self._put_off[key]
            return True
        self._put_off[key] = None
        if len(self._put_off) > _REMEMBERED_GREYLISTED:
            self._put_off.popitem(last=False)
        return False


class _Taking(Handler):
    """One connection: takes every mail, except as the table of behaviours says."""

    def __init__(self, server: MailServer, connection: Connection) -> None:
        self._server = server
        self._connection = connection

    def rcpt(self, mail: MailFrom, rcpt: RcptTo) -> Answer:
        """Refuse or put off the addresses whose behaviour is to do so."""
        _ = mail
        behaviour = behaviour_of(rcpt.address)
        if behaviour is None or behaviour.reply is None:
            return RECIPIENT_OK
        if behaviour.stage is Stage.RCPT:
            return behaviour.reply
        if behaviour.stage is Stage.FIRST_RCPT:
            again = self._server.greylist.comes_again(rcpt.address)
            return RECIPIENT_OK if again else behaviour.reply
        return RECIPIENT_OK

    def data(self, received: Received, content: bytes) -> Answer:
        """Keep the mail; one recipient that refuses or drops content does so for all of them."""
        behaviours = [behaviour_of(rcpt.address) for rcpt in received.recipients]
        acting: dict[Stage, Behaviour] = {row.stage: row for row in behaviours if row is not None}
        refusing = acting.get(Stage.CONTENT)
        if refusing is not None and refusing.reply is not None:
            return refusing.reply
        if Stage.DROP in acting:
            return _HANG_UP
        if Stage.SLOW in acting:
            return self._keep_late(received, content)
        return self._keep(received, content)

    async def _keep_late(self, received: Received, content: bytes) -> Reply:
        # The end of the server is waited for as well, so that stopping it takes no time.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._server.slow_s):
                await self._server.stopping.wait()
        return self._keep(received, content)

    def _keep(self, received: Received, content: bytes) -> Reply:
        mail = self._server.mailbox.add(
            return_path=received.mail.return_path,
            recipients=tuple(rcpt.address for rcpt in received.recipients),
            raw=content,
            received_at=self._server.clock.now(),
            tls=self._connection.tls,
            peer=self._connection.peer_address,
            helo=self._connection.helo,
        )
        return Reply(250, "2.0.0", (f"Taken as {mail.id}",))


class _SandboxServer(Server):
    """A server whose sessions can break off."""

    def _session(self) -> ServerSession:
        return _SandboxSession(asyncio.get_running_loop(), self._settings, self._handler, self)


class _SandboxSession(ServerSession):
    """A session that breaks off without a word where the handler wants that."""

    def answered(self, reply: Reply) -> None:
        """Say a handler's answer, or hang up."""
        if reply is _HANG_UP:
            self.abort()
        else:
            super().answered(reply)


def self_signed_context(host_name: str, clock: Clock) -> ssl.SSLContext:
    """Return a server context with a new key and certificate for the host."""
    now = dt.datetime.fromtimestamp(clock.now() / 1000, dt.UTC)
    with tempfile.TemporaryDirectory(prefix="tayori-") as folder:
        # OpenSSL loads certificates from files only.
        cert_file, key_file = Path(folder) / "cert.pem", Path(folder) / "key.pem"
        write_self_signed(host_name, cert_file=cert_file, key_file=key_file, now=now)
        return server_context(cert_file, key_file)
