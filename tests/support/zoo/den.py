"""One receiver at work: each connection of it is a `Visit`, each mail and violation is recorded."""

import asyncio
import contextlib
import re
import time
from collections.abc import Callable

import msgspec
from tests.support.zoo.limits import Meter, Rule, Violation
from tests.support.zoo.species import DEFAULT_OVER, Refusal, Species, Stage

from tayori.mail.reply import Reply
from tayori.smtp.commands import MailFrom, RcptTo
from tayori.smtp.handler import (
    ACCEPTED,
    RECIPIENT_OK,
    SENDER_OK,
    Answer,
    Connection,
    Handler,
    Received,
)

_MESSAGE_ID = re.compile(rb"^message-id:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
LET_GO_S = 0.1
"""Time that a connection over the limit is given to learn of the end of another.

The end of one and the beginning of the next come from two sockets, in no order.
"""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One mail for one recipient, or the refusal of it; `at_ms` since the epoch."""

    at_ms: int
    receiver: str
    source: str
    ehlo: str
    sender: str
    recipient: str
    tls: str
    message_id: str = ""
    refused: str = ""
    """The local part's beginning that named the refusal, "" for a mail that was taken."""


class Log:
    """What all receivers of a zoo saw."""

    def __init__(self) -> None:
        self.mails: list[Seen] = []
        self.violations: list[Violation] = []
        self.connections = 0
        self.put_off = 0
        """Recipients that were greylisted."""
        self.turned_away = 0
        """Connections of blocked addresses."""


class Den:
    """One receiver: a species with its counts. `clock` gives seconds that never go back."""

    def __init__(
        self, species: Species, log: Log, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.species = species
        self.log = log
        self.clock = clock
        self.meter = Meter(species.limits)
        self.closing = asyncio.Event()
        self._known: dict[tuple[str, str, str], float] = {}
        self._blocked_until: dict[str, float] = {}
        self._refused: set[str] = set()

    def visit(self, connection: Connection) -> Handler:
        """Return the handler of a connection."""
        return Visit(self, connection)

    def block(self, source: str) -> None:
        """Block an address for the species' time."""
        self._blocked_until[source] = self.clock() + self.species.blocks_s

    def is_blocked(self, source: str) -> bool:
        """Tell whether an address is blocked."""
        return self._blocked_until.get(source, 0.0) > self.clock()

    def broken(self, rule: Rule, source: str, counts: tuple[int, int]) -> Reply:
        """Record a violation and return what is said to it."""
        seen, allowed = counts
        self.log.violations.append(
            Violation(
                receiver=self.species.name,
                rule=rule,
                source=source,
                at_ms=_now_ms(),
                seen=seen,
                allowed=allowed,
            )
        )
        if self.species.blocks_s:
            self.block(source)
        return self.species.over.get(rule, DEFAULT_OVER[rule])

    def greylists(self, source: str, sender: str, recipient: str) -> bool:
        """Tell whether a mail has to come again later."""
        wait_s = self.species.greylist_s
        if wait_s is None:
            return False
        first = self._known.setdefault((source, sender, recipient.lower()), self.clock())
        return self.clock() < first + wait_s

    def refusal(self, address: str) -> Refusal | None:
        """Return how an address is refused now: what does not end its mail is said only once."""
        refusal = self.species.refusals.get(key_of(address))
        if refusal is None or refusal.ends:
            return refusal
        return None if address.lower() in self._refused else refusal

    def refused(self, address: str) -> None:
        """Note that a refusal was said."""
        self._refused.add(address.lower())

    async def pause(self, seconds: float) -> None:
        """Let time pass, as slow receivers do; it ends with the zoo."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.closing.wait()


class Visit(Handler):
    """One connection."""

    def __init__(self, den: Den, connection: Connection) -> None:
        self._den = den
        self._connection = connection
        self._source = connection.peer_address
        self._mails = 0
        self._recipients = 0
        den.log.connections += 1
        den.meter.enter(self._source)

    def connect(self, connection: Connection) -> Answer | None:
        """Greet, or send who is not welcome away."""
        den = self._den
        if den.is_blocked(self._source):
            den.log.turned_away += 1
            return den.species.blocked
        rate = den.meter.connection(self._source, den.clock())
        if rate is not None:
            return den.broken(Rule.CONNECTION_RATE, self._source, rate)
        if den.species.greeting_s or den.meter.crowded(self._source) is not None:
            return self._greet_late()
        return None

    async def _greet_late(self) -> Reply:
        den = self._den
        await den.pause(max(LET_GO_S, den.species.greeting_s))
        crowd = den.meter.crowded(self._source)
        if crowd is not None:
            return den.broken(Rule.CONNECTIONS, self._source, crowd)
        return Reply(220, "", (f"{den.species.name} ESMTP",))

    def mail(self, mail: MailFrom) -> Answer:
        """Count a mail against every limit."""
        den, limits = self._den, self._den.species.limits
        self._recipients = 0
        if limits.tls and not self._connection.tls:
            return den.broken(Rule.TLS, self._source, (1, 0))
        self._mails += 1
        most = limits.mails_per_connection
        if most is not None and self._mails > most:
            return den.broken(Rule.MAILS_PER_CONNECTION, self._source, (self._mails, most))
        rate = den.meter.mail(self._source, den.clock())
        if rate is not None:
            return den.broken(Rule.MAIL_RATE, self._source, rate)
        return SENDER_OK

    def rcpt(self, mail: MailFrom, rcpt: RcptTo) -> Answer:
        """Refuse, put off or take one recipient."""
        den, most = self._den, self._den.species.limits.recipients
        self._recipients += 1
        if most is not None and self._recipients > most:
            return den.broken(Rule.RECIPIENTS, self._source, (self._recipients, most))
        refusal = den.refusal(rcpt.address)
        if refusal is not None and refusal.stage is Stage.RCPT:
            return self._refuse(mail, rcpt, refusal)
        if den.greylists(self._source, mail.return_path, rcpt.address):
            den.log.put_off += 1
            return den.species.greylisted
        return RECIPIENT_OK

    def data(self, received: Received, content: bytes) -> Answer:
        """Take a mail, at once or slowly, or refuse its content."""
        for rcpt in received.recipients:
            refusal = self._den.refusal(rcpt.address)
            if refusal is not None:
                return self._refuse(received.mail, rcpt, refusal)
        if self._den.species.content_s:
            return self._take_slowly(received, content)
        return self._take(received, content)

    async def _take_slowly(self, received: Received, content: bytes) -> Reply:
        await self._den.pause(self._den.species.content_s)
        return self._take(received, content)

    def _take(self, received: Received, content: bytes) -> Reply:
        found = _MESSAGE_ID.search(content)
        message_id = found[1].decode("ascii", "replace") if found else ""
        for rcpt in received.recipients:
            self._note(received.mail, rcpt, message_id=message_id)
        return ACCEPTED

    def disconnect(self) -> None:
        """Count the end of the connection."""
        self._den.meter.leave(self._source)

    def _refuse(self, mail: MailFrom, rcpt: RcptTo, refusal: Refusal) -> Reply:
        self._den.refused(rcpt.address)
        self._note(mail, rcpt, refused=key_of(rcpt.address))
        return refusal.reply

    def _note(
        self, mail: MailFrom, rcpt: RcptTo, *, message_id: str = "", refused: str = ""
    ) -> None:
        self._den.log.mails.append(
            Seen(
                at_ms=_now_ms(),
                receiver=self._den.species.name,
                source=self._source,
                ehlo=self._connection.helo,
                sender=mail.return_path,
                recipient=rcpt.address,
                tls=self._connection.tls,
                message_id=message_id,
                refused=refused,
            )
        )


def key_of(address: str) -> str:
    """Return the beginning of the local part, by which a species knows what to do."""
    return address.partition("@")[0].partition(".")[0]


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
