"""Which counted limits a message claims, and what is said when one is full (spec 3, 4)."""

from collections.abc import Iterator, Sequence
from datetime import tzinfo

from tayori.accept.submission import Source
from tayori.config.tree import Policy
from tayori.queue.model import NewMessage, Priority
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import Saying, say
from tayori.reputation.model import Claim, Scope, Towards
from tayori.reputation.provider_caps import provider_claim
from tayori.reputation.standing import Quotas, Standing, Standings
from tayori.reputation.stops import stopped
from tayori.runtime.clock import HOUR
from tayori.tenants.model import Identity


class Limits:
    """The service's counted limits; `hour_share` is what bulk mail may use of a day in an hour."""

    def __init__(self, policy: Policy, zone: tzinfo, *, hour_share: float = 1.0) -> None:
        self._quotas = Quotas(policy, zone, hour_share=hour_share)

    def claims(
        self,
        message: NewMessage,
        found: Standings,
        identity: Identity,
        towards: Towards | None = None,
    ) -> Sequence[Claim] | Refusal:
        """Return what the message counts against: account, domain, provider, and each mailbox.

        A refusal is the answer where account or domain may not send at all. `found` is what is
        true in this transaction; `identity`, some seconds old, stands in for what is not in it.
        """
        now = message.accepted_at
        refusal = stopped(message.account_id, identity.domain, found, now)
        writing = [one.address for one in message.recipients if one.counts]
        if refusal is not None or not writing:
            return refusal or ()
        own = found.overrides.get(message.account_id, {})
        standing = found.domains.get(identity.domain) or Standing.of(identity)
        per_day = self._quotas.domain_per_day(standing.level_at(now), own)
        # What an account's domain is written goes to the one mailbox that asked for it.
        mailboxes = () if message.source == Source.FORWARD.value else writing
        windows = [
            (Scope.ACCOUNT_DAY, str(message.account_id), self._quotas.account_per_day(own)),
            (Scope.DOMAIN_DAY, identity.domain, per_day),
        ]
        day_ends_at = self._quotas.end_of_day(now)
        claims = [
            _daily(scope, key, len(writing), limit, day_ends_at) for scope, key, limit in windows
        ]
        if message.priority is Priority.BULK:
            claims += self._hourly(message, identity.domain, per_day, towards)
        per_hour = self._quotas.mailbox_per_hour(own)
        claims += [
            Claim(
                scope=Scope.MAILBOX_HOUR,
                key=f"{message.from_address}>{address}",
                amount=1,
                limit=per_hour,
                window_ends_at=now + HOUR,
                shut_until=now + HOUR,
            )
            for address in mailboxes
        ]
        return claims

    def _hourly(
        self, message: NewMessage, domain: str, per_day: int, towards: Towards | None
    ) -> Iterator[Claim]:
        """Return what a bulk mail counts against in its hour: the domain, and the provider."""
        amount = sum(one.counts for one in message.recipients)
        ends_at = self._quotas.end_of_hour(message.accepted_at)
        yield Claim(
            scope=Scope.DOMAIN_HOUR,
            key=domain,
            amount=amount,
            limit=self._quotas.hour_cap(per_day),
            window_ends_at=ends_at,
        )
        if towards is not None:
            yield provider_claim(
                domain, towards.provider, amount=amount, limit=towards.limit, ends_at=ends_at
            )


def _daily(scope: Scope, key: str, amount: int, limit: int, ends_at: int) -> Claim:
    return Claim(scope=scope, key=key, amount=amount, limit=limit, window_ends_at=ends_at)


def full(claim: Claim) -> Refusal:
    """Return the refusal for a claim that did not fit."""
    if claim.scope is Scope.MAILBOX_HOUR:
        mailbox = claim.key.partition(">")[2]
        return refuse(
            Code.FAILED_OPERATION__FREQUENCY_LIMIT,
            say(
                "{mailbox} has had {limit} mails from this sender within an hour; it is blocked "
                "for an hour.",
                mailbox=mailbox,
                limit=claim.limit,
            ),
        )
    if claim.scope is Scope.PROVIDER_HOUR:
        domain, _, provider = claim.key.partition(">")
        return refuse(
            Code.FAILED_OPERATION__EXCEED_SEND_LIMIT,
            say(
                "The domain {domain} may send {limit} mails of bulk tasks an hour to {provider}, "
                "and has sent them.",
                domain=domain,
                limit=claim.limit,
                provider=provider or say("receivers of no known provider"),
            ),
        )
    return refuse(Code.FAILED_OPERATION__EXCEED_SEND_LIMIT, _no_room(claim))


def _no_room(claim: Claim) -> Saying:
    if claim.scope is Scope.ACCOUNT_DAY:
        return say(
            "The account may send {limit} mails a day and has no room for {amount} more.",
            limit=claim.limit,
            amount=claim.amount,
        )
    if claim.scope is Scope.DOMAIN_HOUR:
        return say(
            "The domain {domain} may send {limit} mails of bulk tasks an hour and has no room for "
            "{amount} more.",
            domain=claim.key,
            limit=claim.limit,
            amount=claim.amount,
        )
    return say(
        "The domain {domain} may send {limit} mails a day and has no room for {amount} more.",
        domain=claim.key,
        limit=claim.limit,
        amount=claim.amount,
    )
