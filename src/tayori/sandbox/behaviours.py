"""What the sandbox's addresses do: the one table of outcomes that developers can try (pure).

The local part decides, in any case and with anything behind a "+": `Bounce+17@shop.test` behaves as
`bounce@example.com`. An address that is not in the table is delivered.
"""

from dataclasses import dataclass
from enum import Enum

from tayori.mail.reply import Reply


class Stage(Enum):
    """When an address does what it does."""

    RCPT = "the recipient"
    FIRST_RCPT = "the recipient, the first time"
    CONTENT = "the content"
    SLOW = "the content, late"
    DROP = "the connection"


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """One row: local parts, when they act, what is said, and what a developer will see."""

    local_parts: tuple[str, ...]
    stage: Stage
    reply: Reply | None
    sentence: str


BEHAVIOURS = (
    Behaviour(
        local_parts=("bounce", "unknown-user"),
        stage=Stage.RCPT,
        reply=Reply(550, "5.1.1", ("The email account that you tried to reach does not exist",)),
        sentence="Bounces at once: there is no such user.",
    ),
    Behaviour(
        local_parts=("over-quota",),
        stage=Stage.RCPT,
        reply=Reply(552, "5.2.2", ("The mailbox is over its quota",)),
        sentence="Bounces at once: the mailbox is over its quota.",
    ),
    Behaviour(
        local_parts=("full",),
        stage=Stage.RCPT,
        reply=Reply(452, "4.2.2", ("The mailbox is full, try again later",)),
        sentence="Is deferred each time: the mailbox is full. Expires in the end.",
    ),
    Behaviour(
        local_parts=("defer", "greylist"),
        stage=Stage.FIRST_RCPT,
        reply=Reply(451, "4.7.1", ("Greylisted, please try again later",)),
        sentence="Is deferred the first time, delivered with the next attempt.",
    ),
    Behaviour(
        local_parts=("reject",),
        stage=Stage.CONTENT,
        reply=Reply(554, "5.7.1", ("Message rejected because of its content",)),
        sentence="Bounces after the content was seen: it looks like spam.",
    ),
    Behaviour(
        local_parts=("slow",),
        stage=Stage.SLOW,
        reply=None,
        sentence="Is delivered, but the receiver takes five seconds to say so.",
    ),
    Behaviour(
        local_parts=("drop",),
        stage=Stage.DROP,
        reply=None,
        sentence="Is deferred each time: the connection breaks off after the content.",
    ),
)
"""Every address that does not simply take its mail; the inbox page shows them."""

_BY_LOCAL_PART = {local: row for row in BEHAVIOURS for local in row.local_parts}


def behaviour_of(address: str) -> Behaviour | None:
    """Return how an address behaves; None for one that takes its mail."""
    local = address.rpartition("@")[0] or address
    return _BY_LOCAL_PART.get(local.strip('"').partition("+")[0].lower())
