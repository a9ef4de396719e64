"""Which counted limits a message claims, and what is said when one is full (spec 3)."""

from collections.abc import Sequence
from datetime import tzinfo

from tayori.config.tree import Policy
from tayori.queue.model import NewMessage
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.reputation.model import Claim, Scope
from tayori.runtime.clock import HOUR, day_of, day_range
from tayori.tenants.model import Identity


class Limits:
    """The service's counted limits."""

    def __init__(self, policy: Policy, zone: tzinfo) -> None:
        self._policy = policy
        self._zone = zone
        self._day = (0, 0)

    def claims(self, message: NewMessage, identity: Identity) -> Sequence[Claim]:
        """Return what the message counts against: account, domain, and each mailbox."""
        now = message.accepted_at
        day_end = self._end_of_day(now)
        amount = sum(1 for recipient in message.recipients if not recipient.dropped_status)
        claims = [
            Claim(
                scope=Scope.ACCOUNT_DAY,
                key=str(message.account_id),
                amount=amount,
                limit=self._policy.account_per_day,
                window_ends_at=day_end,
            ),
            Claim(
                scope=Scope.DOMAIN_DAY,
                key=identity.domain,
                amount=amount,
                limit=self._of_level(identity.level),
                window_ends_at=day_end,
            ),
        ]
        claims += [
            Claim(
                scope=Scope.MAILBOX_HOUR,
                key=f"{message.from_address}>{recipient.address}",
                amount=1,
                limit=self._policy.mailbox_per_hour,
                window_ends_at=now + HOUR,
                shut_until=now + HOUR,
            )
            for recipient in message.recipients
            if not recipient.dropped_status
        ]
        return claims

    def _end_of_day(self, now: int) -> int:
        begins_at, ends_at = self._day
        if not begins_at <= now < ends_at:
            self._day = day_range(day_of(now, self._zone), self._zone)
        return self._day[1]

    def _of_level(self, level: int) -> int:
        levels = self._policy.level_per_day
        return levels[min(level, len(levels)) - 1] if levels and level > 0 else 0


def full(claim: Claim) -> Refusal:
    """Return the refusal for a claim that did not fit."""
    if claim.scope is Scope.MAILBOX_HOUR:
        mailbox = claim.key.partition(">")[2]
        return refuse(
            Code.FAILED_OPERATION__FREQUENCY_LIMIT,
            f"{mailbox} has had {claim.limit} mails from this sender within an hour; "
            "it is blocked for an hour.",
        )
    what = "The account" if claim.scope is Scope.ACCOUNT_DAY else f"The domain {claim.key}"
    return refuse(
        Code.FAILED_OPERATION__EXCEED_SEND_LIMIT,
        f"{what} may send {claim.limit} mails a day and has no room for {claim.amount} more.",
    )
