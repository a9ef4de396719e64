"""One client's connection to the inbound listener.

A mail is taken for addresses of ours only, and stored before the yes. A fault of ours is answered
451 and logged; the client keeps the mail and comes again.
"""

from collections.abc import Awaitable
from typing import Final

from tayori.accept.checks.size import LARGEST
from tayori.edge.clients import client_key
from tayori.edge.connection_counts import ConnectionCounts
from tayori.inbound.routing import Destination, Purpose, Router
from tayori.inbound.spool import NewMail
from tayori.inbound.spool_store import Spool
from tayori.mail.reply import Reply
from tayori.reputation.permits import Permits
from tayori.runtime import log, metrics
from tayori.runtime.clock import Clock
from tayori.smtp.commands import MailFrom, RcptTo
from tayori.smtp.handler import ACCEPTED, RECIPIENT_OK, SENDER_OK, Connection, Handler, Received
from tayori.smtp.replies import LOCAL_ERROR, TOO_MANY_CONNECTIONS

TOO_FAST: Final = Reply(451, "4.7.1", ("Too many mails a second from your address, try later",))
ONE_BY_ONE: Final = Reply(
    452, "4.5.3", ("A mail with the null sender answers one mail, send the rest separately",)
)
TOO_LARGE_TO_FORWARD: Final = Reply(
    552, "5.3.4", (f"Mail of more than {LARGEST} octets is not forwarded",)
)


class Inbound:
    """What all connections share."""

    def __init__(
        self,
        *,
        router: Router,
        spool: Spool,
        permits: Permits,
        clock: Clock,
        connections: ConnectionCounts,
        connections_per_address: int,
        mails_per_second: int,
    ) -> None:
        self.router = router
        self.spool = spool
        self.clock = clock
        self.connections = connections
        self.most_connections = connections_per_address
        self.log = log.get("mx")
        self._permits = permits
        self._mails_per_second = mails_per_second

    async def may_send(self, client: str) -> bool:
        """Count one mail of a client, over all processes."""
        return await self._permits.take(client, self._mails_per_second)


class MxHandler(Handler):
    """One connection."""

    def __init__(self, shared: Inbound, connection: Connection) -> None:
        self._shared = shared
        self._connection = connection
        self._client = client_key(connection.peer_address)
        self._purposes: list[Purpose] = []

    def connect(self, connection: Connection) -> Reply | None:
        """Refuse one connection too many from one client."""
        _ = connection
        if self._shared.connections.enter(self._client) > self._shared.most_connections:
            return TOO_MANY_CONNECTIONS
        return None

    def disconnect(self) -> None:
        """Count the connection out."""
        self._shared.connections.leave(self._client)

    def reset(self) -> None:
        """Forget what the recipients were for."""
        self._purposes.clear()

    def mail(self, mail: MailFrom) -> Awaitable[Reply]:
        """Refuse for now what comes too fast."""
        _ = mail
        return self._mail()

    def rcpt(self, mail: MailFrom, rcpt: RcptTo) -> Awaitable[Reply]:
        """Take addresses of ours only."""
        return self._rcpt(mail, rcpt)

    def data(self, received: Received, content: bytes) -> Awaitable[Reply]:
        """Store; the answer comes after the commit."""
        return self._take(received, content)

    async def _mail(self) -> Reply:
        try:
            permitted = await self._shared.may_send(self._client)
        except Exception:
            self._shared.log.exception("inbound_failed", stage="mail")
            return LOCAL_ERROR
        return SENDER_OK if permitted else TOO_FAST

    async def _rcpt(self, mail: MailFrom, rcpt: RcptTo) -> Reply:
        if not mail.return_path and self._purposes:
            return ONE_BY_ONE
        try:
            found = await self._shared.router.route(rcpt.address)
        except Exception:
            self._shared.log.exception("inbound_failed", stage="rcpt")
            return LOCAL_ERROR
        if not isinstance(found, Destination):
            metrics.INBOUND_REFUSED.labels(found.enhanced).inc()
            return found
        self._purposes.append(found.purpose)
        return RECIPIENT_OK

    async def _take(self, received: Received, content: bytes) -> Reply:
        if Purpose.FORWARD in self._purposes and len(content) > LARGEST:
            return TOO_LARGE_TO_FORWARD
        connection = self._connection
        mail = NewMail(
            received_at=self._shared.clock.now(),
            client=connection.peer_address,
            helo=connection.helo,
            tls=connection.tls,
            mail_from=received.mail.return_path,
            recipients=tuple(dict.fromkeys(rcpt.address for rcpt in received.recipients)),
            content=content,
        )
        try:
            await self._shared.spool.put(mail)
        except Exception:
            self._shared.log.exception("inbound_failed", stage="data")
            return LOCAL_ERROR
        metrics.INBOUND_TAKEN.inc()
        return ACCEPTED
