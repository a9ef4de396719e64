"""A fast receiving mail server in the test's own process that remembers every mail it took."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Self

from tayori.mail.reply import Reply
from tayori.smtp.commands import MailFrom, RcptTo
from tayori.smtp.handler import RECIPIENT_OK, Answer, Connection, Handler, Received, ServerSettings
from tayori.smtp.server import Server

_MESSAGE_ID = re.compile(rb"^message-id:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
_NO_SUCH_USER = Reply(550, "5.1.1", ("No such user",))
_GREYLISTED = Reply(451, "4.7.1", ("Greylisted, come back later",))
_TAKEN = Reply(250, "2.0.0", ("Taken",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One mail for one recipient; `at` is the test's clock in milliseconds since the epoch."""

    at: int
    return_path: str
    recipient: str
    message_id: str
    content: bytes

    @property
    def message(self) -> EmailMessage:
        """The mail as the standard library reads it."""
        parsed = message_from_bytes(self.content, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed


class Sink:
    """Takes what comes to 127.0.0.1; `port` is set once it listens.

    The local part decides: "unknown..." is refused for ever, "later..." the first time.
    """

    def __init__(self) -> None:
        self.port = 0
        self.mails: list[Taken] = []
        self.copies: Counter[tuple[str, str]] = Counter()
        """How many mails came for each (Message-ID, recipient)."""
        self.refusals: Counter[str] = Counter()
        self._put_off: set[str] = set()
        self._changed = asyncio.Event()
        settings = ServerSettings(host_name="mx.receiver.test", max_commands=1 << 30)
        self._server = Server(lambda _: _Taking(self), settings)

    async def __aenter__(self) -> Self:
        self.port = (await self._server.start("127.0.0.1", 0))[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.stop(grace_s=0)

    @property
    def recipients(self) -> Counter[str]:
        """How many mails came for each recipient."""
        return Counter(mail.recipient for mail in self.mails)

    def to(self, recipient: str) -> list[Taken]:
        """Return the mails for a recipient in the order of their arrival."""
        return [mail for mail in self.mails if mail.recipient == recipient]

    async def until(self, condition: Callable[[], bool], timeout_s: float = 30) -> None:
        """Return when the condition holds, which is asked after every mail; TimeoutError."""
        async with asyncio.timeout(timeout_s):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def arrived(self, recipient: str, timeout_s: float = 30) -> Taken:
        """Return the first mail for a recipient, waiting for it."""
        await self.until(lambda: bool(self.to(recipient)), timeout_s)
        return self.to(recipient)[0]

    def refuse(self, recipient: str) -> Reply | None:
        """Return why a recipient is refused, or None."""
        if recipient.startswith("unknown"):
            self.refusals[recipient] += 1
            return _NO_SUCH_USER
        if recipient.startswith("later") and recipient not in self._put_off:
            self._put_off.add(recipient)
            self.refusals[recipient] += 1
            return _GREYLISTED
        return None

    def take(self, return_path: str, recipients: list[str], content: bytes) -> None:
        """Remember a mail, once for each recipient."""
        found = _MESSAGE_ID.search(content)
        message_id = found[1].decode("ascii", "replace") if found else ""
        at = time.time_ns() // 1_000_000
        for recipient in recipients:
            self.copies[message_id, recipient] += 1
            self.mails.append(
                Taken(
                    at=at,
                    return_path=return_path,
                    recipient=recipient,
                    message_id=message_id,
                    content=content,
                )
            )
        self._changed.set()


class _Taking(Handler):
    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def connect(self, connection: Connection) -> Answer | None:
        return None

    def rcpt(self, mail: MailFrom, rcpt: RcptTo) -> Answer:
        return self._sink.refuse(rcpt.address) or RECIPIENT_OK

    def data(self, received: Received, content: bytes) -> Answer:
        names = [rcpt.address for rcpt in received.recipients]
        self._sink.take(received.mail.return_path, names, content)
        return _TAKEN
