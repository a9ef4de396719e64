"""Mailboxes that answer as they are called, inside the service: no mail leaves for them.

`bounce@DOMAIN` bounces, `open+anything@DOMAIN` opens, and so on. States, events, callbacks and
status come as for real mail; what readers do is recorded with the delivery. Such mail is outside
limits, bill, blacklists, statistics and reputation.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tayori.classify.current import BounceRules
from tayori.delivery.judge import judge
from tayori.delivery.work import Work
from tayori.events.model import Event, EventKind
from tayori.mail.outcome import Kind, Outcome, Scope, Stage
from tayori.mail.reply import Reply
from tayori.queue.model import Leased, Settlement
from tayori.queue.states import State
from tayori.runtime.clock import Clock

LINK: Final = "https://example.com/"
"""Where a simulated reader clicks."""
USERAGENT: Final = "Tayori mailbox simulator"
_OK: Final = Reply(250, "2.0.0", ("Simulated delivery",))


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What a mailbox answers, and what its reader does then."""

    reply: Reply = _OK
    reader: tuple[EventKind, ...] = ()
    first_only: bool = False
    """The reply is that to the first attempt; later ones deliver."""


BEHAVIOURS: Final[Mapping[str, Behaviour]] = {
    "success": Behaviour(),
    "bounce": Behaviour(Reply(550, "5.1.1", ("Simulated: no such user",))),
    "softbounce": Behaviour(Reply(552, "5.2.2", ("Simulated: mailbox full",))),
    "deferred": Behaviour(Reply(451, "4.3.2", ("Simulated: try again later",)), first_only=True),
    "complaint": Behaviour(reader=(EventKind.SPAMREPORT,)),
    "unsubscribe": Behaviour(reader=(EventKind.UNSUBSCRIBE,)),
    "autoreply": Behaviour(),
    "open": Behaviour(reader=(EventKind.OPEN,)),
    "click": Behaviour(reader=(EventKind.OPEN, EventKind.CLICK)),
}
"""By the word before the @ or before a + in it; `blacklisted` is refused at the door."""
_NOBODY: Final = Behaviour(
    Reply(550, "5.1.1", (f"Simulated mailboxes are: {', '.join([*BEHAVIOURS, 'blacklisted'])}",))
)


class Simulator:
    """Answers for the mailboxes of `domain`; "" simulates nothing."""

    def __init__(
        self, domain: str, clock: Clock, chance: random.Random, rules: BounceRules
    ) -> None:
        self._domain = domain
        self._clock = clock
        self._chance = chance
        self._rules = rules

    def sort_out(self, works: Sequence[Work]) -> tuple[Sequence[Work], list[Settlement]]:
        """Return what has to be delivered, and the settlements of what was simulated."""
        if not self._domain:
            return works, []
        simulated = [work for work in works if work.recipient.domain == self._domain]
        if not simulated:
            return works, []
        rest = [work for work in works if work.recipient.domain != self._domain]
        return rest, [self._settled(work.recipient) for work in simulated]

    def _settled(self, recipient: Leased) -> Settlement:
        now = self._clock.now()
        behaviour = behaviour_of(recipient.address)
        reply = _OK if behaviour.first_only and recipient.attempts else behaviour.reply
        outcome = Outcome(
            kind=_kind(reply),
            scope=Scope.RECIPIENT,
            stage=Stage.CONTENT if reply is _OK else Stage.RCPT,
            reply=reply,
            peer_host=self._domain,
            started_at=now,
            ended_at=now,
        )
        settlement = judge(recipient, outcome, now, self._chance, rules=self._rules.current)
        if outcome.kind is Kind.PERMANENT:
            # A full mailbox is tried for days in earnest; a rehearsal ends at once.
            settlement = replace(settlement, state=State.BOUNCED, due_at=None)
        follows = tuple(_event(recipient, kind, now) for kind in behaviour.reader)
        # Nobody else's mail may suffer from a rehearsal.
        return replace(settlement, blocks=False, simulated=True, follows=follows)


def behaviour_of(address: str) -> Behaviour:
    """Return how the mailbox of an address behaves."""
    local = address.rpartition("@")[0].lower()
    return BEHAVIOURS.get(local.partition("+")[0], _NOBODY)


def _kind(reply: Reply) -> Kind:
    return {2: Kind.DELIVERED, 4: Kind.TEMPORARY}.get(reply.code // 100, Kind.PERMANENT)


def _event(recipient: Leased, kind: EventKind, at: int) -> Event:
    data: dict[str, str | int] = {"useragent": USERAGENT}
    if kind is EventKind.CLICK:
        data["link"] = LINK
    return Event(
        at=at,
        account_id=recipient.account_id,
        kind=kind,
        message_id=recipient.message_id,
        recipient_id=recipient.id,
        data=data,
    )
