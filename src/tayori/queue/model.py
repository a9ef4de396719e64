"""What the queue keeps: messages, recipients, attempts. Times are milliseconds since the epoch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from tayori.classify.model import Verdict
from tayori.events.model import Event, EventKind
from tayori.mail.outcome import Outcome
from tayori.queue.schedule import DELAYED_MS
from tayori.queue.states import State
from tayori.refusal.saying import NOTHING, Saying


class Priority(IntEnum):
    """Order of service inside the queue; lower goes first."""

    TRIGGER = 0
    """Codes and receipts that a person waits for."""
    NORMAL = 1
    BULK = 2


class Role(IntEnum):
    """The header that names a recipient."""

    TO = 0
    CC = 1
    BCC = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRecipient:
    """One address of a message to be taken.

    `dropped_status` is the SendStatus of a recipient that the door dropped by itself (spec 7); such
    a recipient is final from the start and `dropped_reason` says why.
    """

    address: str
    domain: str
    role: Role = Role.TO
    dropped_status: int = 0
    dropped_reason: Saying = NOTHING
    simulated: bool = False
    """No mail leaves for it, and it counts against nothing."""

    @property
    def counts(self) -> bool:
        """Tell whether a mail is sent to it, as limits and bills count."""
        return not (self.dropped_status or self.simulated)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """A message that passed the door; `recipe` is what composing needs, encoded."""

    public_id: str
    account_id: int
    identity_id: int
    source: str
    from_address: str
    subject: str
    rfc_message_id: str
    recipe: bytes
    recipients: tuple[NewRecipient, ...]
    accepted_at: int
    expires_at: int
    priority: Priority = Priority.NORMAL
    template_id: int | None = None
    task_id: int | None = None
    callback_headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leased:
    """A recipient that this process may attempt until the lease ends."""

    id: int
    message_id: int
    account_id: int
    address: str
    domain: str
    role: Role
    priority: Priority
    attempts: int
    accepted_at: int
    expires_at: int
    source: str | None = None
    """The source that the next attempt has to leave from, because its receiver greylisted it."""
    avoids: str | None = None
    """The source that the next attempt must not leave from if there is another."""
    flow: int = 0
    """The bulk task of bulk mail, 0 for all other mail."""
    wait_cause: str | None = None
    wait_since: int | None = None
    """Why (as it is kept), and since when, it waits without an attempt; None when it does not."""
    delay_told: bool = False

    @property
    def deferred(self) -> bool:
        """Tell whether an attempt was made before."""
        return self.attempts > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What becomes of a leased recipient after an attempt, or instead of one.

    `due_at` is set for DEFERRED (and QUEUED, when a lease is given back) only. `outcome` is None
    when nothing was attempted. `blocks` puts the address on the shared blacklist. `verdict` is what
    the receiver's refusal meant, None without one, and `provider` the receiver's group.
    """

    recipient: Leased
    state: State
    at: int
    due_at: int | None = None
    outcome: Outcome | None = None
    bounce_class: str = ""
    send_status: int = 0
    reply: Saying | str = ""
    blocks: bool = False
    source: str = ""
    """The source that the attempt left from; "" when there is only one."""
    keeps_source: bool = False
    """The next attempt leaves from the same source."""
    cause: Saying | str = ""
    """Why it goes back to the queue unattempted, for the timeline."""
    avoids_source: bool = False
    """The next attempt leaves from another source."""
    verdict: Verdict | None = None
    provider: str = ""
    simulated: bool = False
    """No mail left for it; it says nothing of any mailbox."""
    follows: tuple[Event, ...] = ()
    """Events that a simulated recipient's reader causes at once."""

    @property
    def tells_delay(self) -> bool:
        """Tell whether it shows for the first time that the mail is delayed."""
        open_still = self.state is State.DEFERRED or (self.state is State.QUEUED and self.cause)
        late = self.at - self.recipient.accepted_at >= DELAYED_MS
        return bool(open_still) and late and not self.recipient.delay_told

    @property
    def action(self) -> str:
        """Return what the verdict asks for, "" without one."""
        return self.verdict.action.value if self.verdict else ""

    @property
    def rule(self) -> str:
        """Return the rule that decided, "" without a verdict."""
        return self.verdict.rule if self.verdict else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """One recipient as its account sees it; `reactions` is what the recipient did."""

    message_id: str
    to_address: str
    from_address: str
    state: State
    send_status: int
    reply: Saying
    accepted_at: int
    ended_at: int | None
    reactions: frozenset[EventKind] = frozenset()
