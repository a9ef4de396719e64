"""Lays the demands of receivers, operator, accounts and senders over the route of some mails.

Nothing is looked up per mail: policies are remembered by domain, keys by host, and who of us
requires TLS is read from the database every few seconds. Mails with the same demands share a route.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from tayori.delivery.plan import Route
from tayori.delivery.security.model import (
    NO_DEMAND,
    Demand,
    DomainPolicy,
    HostDemand,
    MailDemand,
    PolicyKind,
)
from tayori.delivery.security.policies import Policies
from tayori.delivery.security.store import Required
from tayori.delivery.work import Work
from tayori.dns.answers import TemporaryFailure
from tayori.dns.dane import DaneFinder, HostKeys
from tayori.dns.names import to_host
from tayori.dns.sts import StsMode
from tayori.mail.outcome import Kind, Outcome, Scope, Stage
from tayori.mail.reply import Reply
from tayori.refusal.saying import NOTHING, Saying, say
from tayori.runtime.clock import Clock
from tayori.smtp.dane import usable
from tayori.smtp.tls_fault import TlsResult

Way = tuple[Sequence[Work], Route | Outcome]
_DEFER: Final = (Kind.TEMPORARY, 450)
_REFUSE: Final = (Kind.PERMANENT, 550)


class Wishes(Protocol):
    """Tells what the senders of mails ask."""

    async def of(self, works: Sequence[Work]) -> dict[int, tuple[int, MailDemand]]:
        """Return identity and wish of each message, by its number."""
        ...


@dataclass(frozen=True, slots=True)
class _Ours:
    """What our side demands of a connection: who requires TLS, and what the sender asks."""

    why: Saying = NOTHING
    asks: MailDemand = MailDemand.NONE


class Securing:
    """Makes routes secure. `soft` tells whether MTA-STS in testing mode is tried for reports."""

    def __init__(
        self,
        *,
        clock: Clock,
        wishes: Wishes,
        policies: Policies | None = None,
        dane: DaneFinder | None = None,
        soft: bool = False,
    ) -> None:
        self._clock = clock
        self._wishes = wishes
        self._policies = policies
        self._dane = dane
        self._soft = soft
        self.required = Required()

    async def ways(self, route: Route, works: Sequence[Work]) -> list[Way]:
        """Return the mails of one domain with the routes, or outcomes, that they have to take."""
        policy = await self.policy(route)
        ways: list[Way] = []
        for ours, some in (await self._by_demand(works)).items():
            ways.append((some, await self._secured(route, policy, ours)))
        return ways

    async def policy(self, route: Route) -> DomainPolicy:
        """Return what the route's domain says."""
        domain = to_host(route.domain) if route.domain else None
        if domain is None:
            return DomainPolicy(domain=route.domain)
        sts = None
        if self._policies is not None:
            held = self._policies.held(domain)
            sts = held[0] if held is not None else await self._policies.find(domain)
        return DomainPolicy(domain=domain, sts=sts, signed=route.signed)

    async def _by_demand(self, works: Sequence[Work]) -> dict[_Ours, list[Work]]:
        wishes = await self._wishes.of(works)
        groups: defaultdict[_Ours, list[Work]] = defaultdict(list)
        for work in works:
            identity, asks = wishes.get(work.recipient.message_id, (0, MailDemand.NONE))
            why = NOTHING
            if work.recipient.account_id in self.required.accounts:
                why = say("the sending account")
            elif identity in self.required.identities:
                why = say("the sender's domain")
            groups[_Ours(why, asks)].append(work)
        return groups

    async def _secured(self, route: Route, policy: DomainPolicy, ours: _Ours) -> Route | Outcome:
        requires = ours.asks is MailDemand.REQUIRE
        found = await self.hosts(route, policy, ignores=ours.asks is MailDemand.OPTIONAL)
        if requires:
            fault = self._unfit(policy, found)
            if fault is not None:
                return fault
        least = say("the sender (REQUIRETLS)") if requires else ours.why
        targets = tuple(
            replace(target, demand=_raised(demand, least))
            for target in route.targets
            if isinstance(demand := found[target.host_name], HostDemand)
        )
        if not targets:
            return next(o for o in found.values() if isinstance(o, Outcome))
        keys = sorted({f"{t.host_name}={t.demand.key}" for t in targets if t.demand.key})
        left_out = [h for h, demand in found.items() if isinstance(demand, Outcome)]
        marks = [*keys, *(f"-{host}" for host in left_out), *(["requiretls"] if requires else [])]
        return replace(route, targets=targets, security=",".join(marks))

    async def hosts(
        self, route: Route, policy: DomainPolicy, *, ignores: bool = False
    ) -> dict[str, HostDemand | Outcome]:
        """Return what the receiver demands for each host; with `ignores` that is not asked."""
        names = dict.fromkeys(target.host_name for target in route.targets)
        return {name: await self._of_host(name, policy, ignores=ignores) for name in names}

    async def _of_host(
        self, host: str, policy: DomainPolicy, *, ignores: bool
    ) -> HostDemand | Outcome:
        """Return what the receiver demands for one host; an outcome: it must not be used."""
        if ignores:
            return NO_DEMAND
        if self._dane is not None and policy.signed and not host.startswith("["):
            keys = self._dane.cached(host) or await self._dane.find(host)
            if isinstance(keys, TemporaryFailure):
                return self._outcome(_DEFER, "4.7.5", _unknown_keys(host), host, keys.detail)
            if keys.records:
                return _by_keys(host, keys)
        return self._by_policy(host, policy)

    def _by_policy(self, host: str, policy: DomainPolicy) -> HostDemand | Outcome:
        sts = policy.sts
        if sts is None or sts.mode is StsMode.NONE:
            return NO_DEMAND
        matches = sts.permits(host)
        if sts.mode is StsMode.TESTING:
            if not self._soft:
                return NO_DEMAND
            return _by_sts(policy, soft=True)
        if matches:
            return _by_sts(policy)
        said = say(
            "{result}: {host} is none of the hosts that {policy} permits ({hosts})",
            result=TlsResult.STS_POLICY_INVALID.value,
            host=host,
            policy=_policy_of(policy),
            hosts=", ".join(sts.mx),
        )
        return self._outcome(_DEFER, "4.7.5", said, host)

    def _unfit(
        self, policy: DomainPolicy, found: dict[str, HostDemand | Outcome]
    ) -> Outcome | None:
        """Return why a mail with REQUIRETLS cannot go to a domain at all (RFC 8689 4.2.1)."""
        trusted = policy.signed or (policy.sts is not None and policy.sts.mode is StsMode.ENFORCE)
        if trusted or any(isinstance(d, HostDemand) and d.tlsa for d in found.values()):
            return None
        said = say(
            "REQUIRETLS: the mail hosts of {domain} are confirmed neither by DNSSEC nor by an "
            "enforced MTA-STS policy",
            domain=policy.domain,
        )
        return self._outcome(_REFUSE, "5.7.30", said, "")

    def _outcome(
        self, how: tuple[Kind, int], enhanced: str, said: Saying, host: str, detail: str = ""
    ) -> Outcome:
        now = self._clock.now()
        return Outcome(
            kind=how[0],
            scope=Scope.SITE,
            stage=Stage.ENGINE,
            reply=Reply(how[1], enhanced, (said.english[:500],)),
            said=said,
            detail=detail,
            peer_host=host,
            started_at=now,
            ended_at=now,
        )


def _by_keys(host: str, keys: HostKeys) -> HostDemand:
    good = usable(keys.records)
    why = say("DANE for {host}", host=host)
    if not good:
        # RFC 7672 3.1.3: all of them unusable still ask for encryption.
        return HostDemand(demand=Demand.ENCRYPTED, kind=PolicyKind.TLSA, why=why)
    return HostDemand(
        demand=Demand.DANE,
        kind=PolicyKind.TLSA,
        why=why,
        tlsa=good,
        names=tuple(dict.fromkeys((keys.base, host))),
    )


def _by_sts(policy: DomainPolicy, *, soft: bool = False) -> HostDemand:
    return HostDemand(
        demand=Demand.VERIFIED,
        soft=soft,
        kind=PolicyKind.STS,
        why=_policy_of(policy),
        sts=policy.sts,
    )


def _raised(demand: HostDemand, why: Saying) -> HostDemand:
    """Return the demand made no less than a verified certificate, where somebody of us asks it."""
    if not why or (demand.demand >= Demand.VERIFIED and not demand.soft):
        return demand
    return replace(demand, demand=Demand.VERIFIED, soft=False, why=why)


def _policy_of(policy: DomainPolicy) -> Saying:
    return say("the MTA-STS policy of {domain}", domain=policy.domain)


def _unknown_keys(host: str) -> Saying:
    return say(
        "{result}: the TLSA records of {host} cannot be found out, so that nothing can be sent "
        "there safely (RFC 7672 2.1)",
        result=TlsResult.DNSSEC_INVALID.value,
        host=host,
    )
