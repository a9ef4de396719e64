"""Opens a connection to a mail host as securely as is demanded of it, or tells why that fails.

A demand that is not met is our own words with a standard code (RFC 3463 3.8): 4.7.4 where the host
offers no TLS, 4.7.5 where its certificate or handshake is not good enough. The mail waits.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from tayori.delivery.plan import Route, Target
from tayori.delivery.security.ladder import Ladder
from tayori.delivery.security.model import Demand, HostDemand
from tayori.delivery.shaping import TlsDemand
from tayori.dns.cache import ExpiringCache
from tayori.mail.outcome import Kind, Outcome, Scope, Stage
from tayori.mail.reply import Reply
from tayori.refusal.saying import quote, say
from tayori.runtime.clock import HOUR, SECOND, Clock
from tayori.smtp.client import Rung, connect, connect_opportunistic
from tayori.smtp.dane import check_chain
from tayori.smtp.envelope import ConnectFailure, Timeouts
from tayori.smtp.session import Session
from tayori.smtp.tls import ClientTls, TlsPolicy, TlsStream
from tayori.smtp.tls_fault import TlsFault, TlsResult

SOFT_FAILURE_MS: Final = HOUR
"""Time for which a host that failed a policy in testing mode is not tried by it again."""
_NOT_OFFERED: Final = "4.7.4"
_NOT_GOOD: Final = "4.7.5"
_BY_RULE: Final = {
    TlsDemand.OPPORTUNISTIC: Demand.ANY,
    TlsDemand.ENCRYPTED: Demand.ENCRYPTED,
    TlsDemand.REQUIRED: Demand.VERIFIED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Where to connect to, and as whom."""

    address: str
    port: int
    host_name: str
    ehlo_name: str
    source_address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One negotiation of TLS, for reports; `fault` is None when it met the demand."""

    target: Target
    demand: HostDemand
    fault: TlsFault | None
    local_address: str = ""


class Opener:
    """Opens connections; `ladder` remembers hosts with old TLS, `told` hears of each try."""

    def __init__(
        self,
        *,
        client_tls: ClientTls,
        timeouts: Timeouts,
        clock: Clock,
        least: Demand = Demand.ANY,
        ladder: Ladder | None = None,
        told: Callable[[Route, Tried], None] | None = None,
    ) -> None:
        self._client_tls = client_tls
        self._timeouts = timeouts
        self._clock = clock
        self._least = least
        self._ladder = ladder
        self._told = told
        self._soft_failed: ExpiringCache[str, TlsFault] = ExpiringCache(clock, 10_000)

    async def open(
        self, peer: Peer, route: Route, target: Target, rule: TlsDemand
    ) -> Session | ConnectFailure:
        """Return the session, or the failure; of TLS, when the demand could not be met."""
        demand = self._demand(target.demand, rule, route)
        if demand.soft:
            return await self._softly(peer, route, target, demand)
        opened = await self._strictly(peer, demand)
        fault = opened.fault if isinstance(opened, ConnectFailure) else _in_clear(opened)
        self._tell(route, Tried(target=target, demand=demand, fault=fault), opened)
        if isinstance(opened, Session) or opened.fault is None or demand.demand is Demand.ANY:
            return opened
        return replace(opened, outcome=_unmet(opened, opened.fault, demand))

    def _demand(self, asked: HostDemand, rule: TlsDemand, route: Route) -> HostDemand:
        """Return the strongest of what is asked of the host, the rule and the settings say."""
        ruled = _BY_RULE[rule]
        least = max(self._least, ruled)
        if least <= asked.demand and not asked.soft:
            return asked
        if least is Demand.ANY:
            return asked
        why = say("the setting delivery.tls")
        if ruled >= self._least:
            who = route.provider or route.own_rule
            why = (
                say("the shaping rule of {provider}", provider=who)
                if who
                else say("the shaping rule of receivers")
            )
        return replace(asked, demand=max(least, asked.demand), soft=False, why=why)

    async def _strictly(self, peer: Peer, demand: HostDemand) -> Session | ConnectFailure:
        if demand.demand is Demand.DANE:
            return await self._connect(peer, TlsPolicy.DANE, self._check(demand))
        if demand.demand is Demand.VERIFIED:
            return await self._connect(peer, TlsPolicy.REQUIRED)
        return await self._by_ladder(peer, encrypted=demand.demand is Demand.ENCRYPTED)

    async def _softly(
        self, peer: Peer, route: Route, target: Target, demand: HostDemand
    ) -> Session | ConnectFailure:
        """Try what a policy in testing mode asks, and what is possible when that fails."""
        fault = self._soft_failed.get(peer.host_name)
        if fault is None:
            opened = await self._connect(peer, TlsPolicy.REQUIRED)
            fault = opened.fault if isinstance(opened, ConnectFailure) else None
            if fault is None:
                self._tell(route, Tried(target=target, demand=demand, fault=None), opened)
                return opened
            self._soft_failed.put(peer.host_name, fault, SOFT_FAILURE_MS)
        opened = await self._by_ladder(peer, encrypted=False)
        self._tell(route, Tried(target=target, demand=demand, fault=fault), opened)
        return opened

    async def _by_ladder(self, peer: Peer, *, encrypted: bool) -> Session | ConnectFailure:
        first = self._ladder.first(peer.host_name) if self._ladder else Rung.BEST
        opened = await connect_opportunistic(
            peer.address,
            peer.port,
            host_name=peer.host_name,
            ehlo_name=peer.ehlo_name,
            source_address=peer.source_address,
            clock=self._clock,
            client_tls=self._client_tls,
            timeouts=self._timeouts,
            first=min(first, Rung.REDUCED) if encrypted else first,
            encrypted=encrypted,
        )
        if self._ladder is not None and isinstance(opened, Session):
            fault = opened.talk.fault
            self._ladder.learn(peer.host_name, _rung(opened), fault.detail.english if fault else "")
        return opened

    async def _connect(
        self,
        peer: Peer,
        policy: TlsPolicy,
        check: Callable[[TlsStream], TlsFault | None] | None = None,
    ) -> Session | ConnectFailure:
        return await connect(
            peer.address,
            peer.port,
            host_name=peer.host_name,
            ehlo_name=peer.ehlo_name,
            source_address=peer.source_address,
            clock=self._clock,
            tls=policy,
            client_tls=self._client_tls,
            timeouts=self._timeouts,
            check=check,
        )

    def _check(self, demand: HostDemand) -> Callable[[TlsStream], TlsFault | None]:
        def check(stream: TlsStream) -> TlsFault | None:
            now = dt.datetime.fromtimestamp(self._clock.now() / SECOND, dt.UTC)
            return check_chain(demand.tlsa, stream.chain, demand.names, now)

        return check

    def _tell(self, route: Route, tried: Tried, opened: Session | ConnectFailure) -> None:
        if self._told is None:
            return
        if isinstance(opened, ConnectFailure) and opened.fault is None and tried.fault is None:
            # The network failed before TLS could be spoken of.
            return
        self._told(route, tried)


def _in_clear(session: Session) -> TlsFault | None:
    """Return why a session that came about is in clear; None when it is not."""
    talk = session.talk
    if session.tls or talk.fault is not None:
        return talk.fault
    if talk.policy is TlsPolicy.NONE:
        return TlsFault(TlsResult.VALIDATION_FAILURE, say("TLS did not work with this host before"))
    refused = talk.tls_refused
    detail = quote(refused) if refused else say("STARTTLS is not offered")
    return TlsFault(TlsResult.STARTTLS_NOT_SUPPORTED, detail)


def _rung(session: Session) -> Rung:
    """Return what a connection came about with; one without STARTTLS has had no trouble."""
    if session.talk.policy is TlsPolicy.NONE:
        return Rung.CLEAR
    return Rung.REDUCED if session.talk.reduced else Rung.BEST


def _unmet(failure: ConnectFailure, fault: TlsFault, demand: HostDemand) -> Outcome:
    """Return the outcome of a demand that the host did not meet, in our own words."""
    code = _NOT_OFFERED if fault.result is TlsResult.STARTTLS_NOT_SUPPORTED else _NOT_GOOD
    said = failure.outcome
    told = say(
        "{fault}; {who} demands {what}",
        fault=fault.said,
        who=demand.why,
        what=_ASKED[demand.demand],
    )
    return Outcome(
        kind=Kind.TEMPORARY,
        scope=Scope.CONNECTION,
        stage=Stage.ENGINE,
        reply=Reply(450, code, (_one_line(told.english),)),
        said=told,
        detail=said.detail if said.reply is None else str(said.reply),
        peer_host=said.peer_host,
        peer_address=said.peer_address,
        started_at=said.started_at,
        ended_at=said.ended_at,
    )


_ASKED: Final = {
    Demand.ANY: say("nothing"),
    Demand.ENCRYPTED: say("encryption"),
    Demand.VERIFIED: say("a trusted certificate"),
    Demand.DANE: say("a certificate that its TLSA records confirm"),
}


def _one_line(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)[:500]
