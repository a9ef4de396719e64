"""One client's connection: who it is, what it hands in, and what it is answered.

A yes to a mail is said after the door's commit. A fault of ours is answered 451 and logged; the
client keeps the mail and comes again.
"""

from collections.abc import Awaitable

from tayori.accept.door import Door
from tayori.accept.submission import Accepted
from tayori.catalog.model import Sender
from tayori.edge.clients import client_key
from tayori.edge.connection_counts import ConnectionCounts
from tayori.edge.submission.answers import accepted_reply, refusal_reply
from tayori.edge.submission.logins import Logins
from tayori.edge.submission.rate import Rate
from tayori.edge.submission.reading import read_submission
from tayori.mail.address import AddressError, Mailbox, parse_address
from tayori.mail.reply import Reply
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.runtime import log
from tayori.runtime.clock import Clock
from tayori.smtp.commands import MailFrom, RcptTo
from tayori.smtp.handler import RECIPIENT_OK, Answer, Connection, Handler, Received
from tayori.smtp.replies import AUTH_FIRST, LOCAL_ERROR, TOO_MANY_CONNECTIONS
from tayori.smtp.sasl import Credentials
from tayori.tenants.accounts import Accounts
from tayori.tenants.memory import Memory
from tayori.tenants.model import Account

AUTHENTICATED = Reply(235, "2.7.0", ("Authentication succeeded",))
NO_AUTHENTICATION_NOW = Reply(454, "4.7.0", ("Authentication is not possible at the moment",))


class Submissions:
    """What all connections share."""

    def __init__(
        self,
        *,
        door: Door,
        logins: Logins,
        accounts: Accounts,
        rate: Rate,
        clock: Clock,
        connections: ConnectionCounts,
        connections_per_address: int,
    ) -> None:
        self.logins = logins
        self.connections = connections
        self.most_connections = connections_per_address
        self.log = log.get("submission")
        self._door = door
        self._accounts = accounts
        self._rate = rate
        self._known: Memory[int, Account] = Memory(clock)

    async def take(self, login: Sender, received: Received, content: bytes) -> Accepted | Refusal:
        """Read one mail and hand it to the door."""
        account = await self._account(login.account_id)
        if isinstance(account, Refusal):
            return account
        late = await self._rate.admit(account.id)
        if late is not None:
            return late
        submission = read_submission(
            content,
            _envelope(received),
            account=account,
            login=login.address,
            smtputf8=received.mail.smtputf8,
            require_tls=received.mail.require_tls,
        )
        if isinstance(submission, Refusal):
            return submission
        return await self._door.accept(submission)

    async def _account(self, account_id: int) -> Account | Refusal:
        known = self._known.recall(account_id)
        if known is not None:
            return known
        question = self._known.ask()
        found = await self._accounts.get(account_id)
        if isinstance(found, Account):
            self._known.keep(account_id, found, question)
        return found


class SubmissionHandler(Handler):
    """One connection."""

    def __init__(self, shared: Submissions, connection: Connection) -> None:
        self._shared = shared
        self._connection = connection
        self._client = client_key(connection.peer_address)
        self._login: Sender | None = None

    def connect(self, connection: Connection) -> Answer | None:
        """Refuse one connection too many from one client."""
        _ = connection
        if self._shared.connections.enter(self._client) > self._shared.most_connections:
            return TOO_MANY_CONNECTIONS
        return None

    def disconnect(self) -> None:
        """Count the connection out."""
        self._shared.connections.leave(self._client)

    def auth(self, credentials: Credentials) -> Awaitable[Reply]:
        """Judge a sender address and its password."""
        return self._authenticate(credentials)

    def rcpt(self, mail: MailFrom, rcpt: RcptTo) -> Answer:
        """Refuse what is no address; everything else is the door's to judge."""
        _ = mail
        address = parse_address(rcpt.address)
        if isinstance(address, AddressError):
            code = Code.INVALID_PARAMETER_VALUE__RECEIVER_EMAIL_INVALID
            return refusal_reply(refuse(code, address.saying))
        return RECIPIENT_OK

    def data(self, received: Received, content: bytes) -> Awaitable[Reply]:
        """Take a mail; the answer comes after the commit."""
        return self._take(received, content)

    async def _authenticate(self, credentials: Credentials) -> Reply:
        try:
            judged = await self._shared.logins.judge(credentials, self._connection.peer_address)
        except Exception:
            self._shared.log.exception("login_failed")
            return NO_AUTHENTICATION_NOW
        if isinstance(judged, Reply):
            return judged
        self._login = judged
        return AUTHENTICATED

    async def _take(self, received: Received, content: bytes) -> Reply:
        if self._login is None:
            return AUTH_FIRST
        try:
            answer = await self._shared.take(self._login, received, content)
        except Exception:
            self._shared.log.exception("submission_failed", account=self._login.account_id)
            return LOCAL_ERROR
        return refusal_reply(answer) if isinstance(answer, Refusal) else accepted_reply(answer)


def _envelope(received: Received) -> list[Mailbox]:
    parsed = [parse_address(rcpt.address) for rcpt in received.recipients]
    return [Mailbox(address=one) for one in parsed if not isinstance(one, AddressError)]
