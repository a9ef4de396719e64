"""Commits what the door decided: messages of many callers, and refusals, in one transaction."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from tayori.accept.idempotency import Token
from tayori.db.database import Transaction
from tayori.events.model import Event, EventKind
from tayori.queue.model import NewMessage, NewRecipient
from tayori.refusal.refusal import Refusal
from tayori.refusal.saying import keep
from tayori.reputation.model import Claim
from tayori.reputation.standing import Standings

DOMAIN: Final = "from_domain"
"""Under this name a refusal's event has the sender domain."""
MAILBOX_TYPES: Final = "to_domains"
"""Under this name it has the recipients' domains, each with a number: "a.example=2 b.example=1"."""
SENDER: Final = "from_address"
"""Under this name it has the sender's address."""
TEMPLATE: Final = "template"
TASK: Final = "task"
"""Under these names it has the numbers of template and bulk task, where there is one."""
MOST_MAILBOX_TYPES: Final = 100
"""More domains than a mail may have recipients; what is beyond is put down to no domain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taking:
    """A message that passed every check, and what tells the limits it counts against.

    `claims` may still refuse, by what is true of account and domain when it is taken. With a token
    it is taken once, however often it comes.
    """

    message: NewMessage
    domain: str
    """The sender domain that reputation belongs to."""
    claims: Callable[[NewMessage, Standings], Sequence[Claim] | Refusal]
    token: Token | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusing:
    """A submission that was refused before; only the event is kept.

    `domain` is that of the sender, `mailbox_types` those of the recipients as events have them;
    both are "" when it could not even be made into a mail.
    """

    account_id: int
    at: int
    refusal: Refusal
    domain: str = ""
    mailbox_types: str = ""
    sender: str = ""
    template_id: int | None = None
    task_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """How far a row of mails got: one answer each (None: taken), and what stopped the others."""

    answers: Sequence[Refusal | None]
    stop: Refusal | None


Along = Callable[[Transaction, Stretch], Awaitable[bool]]
"""Writes something into the transaction of a row of mails; False undoes the whole transaction."""


def refused_event(refusing: Refusing) -> Event:
    """Return the event that explains a refusal to the account."""
    data: dict[str, str | int] = {
        "code": refusing.refusal.code.value,
        "reason": keep(refusing.refusal.saying),
    }
    if refusing.mailbox_types:
        data |= {DOMAIN: refusing.domain, MAILBOX_TYPES: refusing.mailbox_types}
    given = {SENDER: refusing.sender, TEMPLATE: refusing.template_id, TASK: refusing.task_id}
    data |= {name: value for name, value in given.items() if value}
    return Event(at=refusing.at, account_id=refusing.account_id, kind=EventKind.REFUSED, data=data)


def mailbox_types(recipients: Iterable[NewRecipient]) -> str:
    """Return the domains of recipients and how many each has, as events have them."""
    found = Counter(recipient.domain for recipient in recipients)
    kept = found.most_common(MOST_MAILBOX_TYPES)
    rest = found.total() - sum(number for _, number in kept)
    parts = [f"{domain}={number}" for domain, number in kept]
    return " ".join([*parts, f"={rest}"] if rest else parts)
