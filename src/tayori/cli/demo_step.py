"""What a step of the demo sends, what it expects, and what was seen (values only)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tayori.cli.trial import Trial
from tayori.sandbox.mailbox import ReceivedMail
from tayori.sandbox.verifier import SignatureResult

DELIVERED = 1
"""DeliverStatus of a mail that was delivered."""
REFUSED = 3
"""DeliverStatus of a mail that the receiver refused."""
STATUS_NAMES = {0: "queued", 1: "delivered", 2: "dropped", 3: "bounced", 8: "deferred"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """One mail that was accepted, and the DeliverStatus it must come to."""

    message_id: str
    to: str
    subject: str
    door: str
    status: int = DELIVERED


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What GetSendEmailStatus says of a mail."""

    status: int
    reply: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What became of a mail: as the receiver has it, and as the sender is told."""

    expected: Expected
    fate: Fate | None
    mail: ReceivedMail | None
    dkim: tuple[SignatureResult, ...]

    @property
    def good(self) -> bool:
        """Tell whether all is as expected."""
        if self.fate is None or self.fate.status != self.expected.status:
            return False
        if self.expected.status != DELIVERED:
            return self.mail is None
        return self.mail is not None and bool(self.dkim) and all(one.passed for one in self.dkim)


Advance = Callable[[int], None]
"""Called with the number of mails of the step after each one that was accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One door: its name, and what sends through it."""

    name: str
    send: Callable[[Trial, Advance], Awaitable[list[Expected]]]
