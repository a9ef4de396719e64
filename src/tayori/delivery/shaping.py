"""What a receiver is sent, how fast, and over how many connections: rules as values (pure).

A `Shaping` holds all rules of one reading and answers for a route; the layers are default,
provider, domain and source, and each replaces what the ones before it say. `limited_by` lays over
it what reactions to refusals ask for; that only ever makes a shape narrower.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from functools import cached_property
from typing import Any, Protocol

from tayori.runtime.clock import SECOND

MICRO = 1_000
"""Microseconds in a millisecond; rates are exact to the microsecond."""
KEPT_SHARE = 10
"""One in so many events of a rate is kept for mail that a person waits for."""

_MOST_KNOWN = 10_000
"""Sets of hosts whose provider is remembered."""


class TlsDemand(StrEnum):
    """What a receiver's rule demands of the connection."""

    OPPORTUNISTIC = "opportunistic"
    ENCRYPTED = "encrypted"
    """Never in clear, whatever the certificate says."""
    REQUIRED = "required"
    """Never in clear, and the certificate is checked."""


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `count` in any `period_ms`."""

    count: int
    period_ms: int

    @property
    def slack_us(self) -> int:
        """Return how far the network and this machine may shift one event against another."""
        return min(self.period_ms // 10, SECOND // 4) * MICRO

    @property
    def interval_us(self) -> int:
        """Return the distance of two events, such that a shift by the slack breaks no window."""
        return -(-(self.period_ms * MICRO + self.slack_us) // self.count)

    @property
    def tolerance_us(self) -> int:
        """Return how late an event may use its time without moving those that follow."""
        return self.slack_us // 2

    def parted(self) -> "tuple[Rate, Rate | None]":
        """Return the part for all mail, and the part that is kept for mail that a person waits for.

        Together they are the rate, exactly; one of few events is not parted.
        """
        kept = self.count // KEPT_SHARE
        if not kept:
            return self, None
        return Rate(self.count - kept, self.period_ms), Rate(kept, self.period_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of one site, or of a provider over all its sites; None is unlimited."""

    connections: int | None = None
    connection_rate: Rate | None = None
    mail_rate: Rate | None = None


UNLIMITED = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What is in force along one route."""

    provider: str = ""
    site: Limits = Limits(connections=10)
    together: Limits = UNLIMITED
    """Of the provider, over all its sites."""
    mails_per_connection: int = 100
    recipients_per_mail: int = 100
    idle_ms: int = 60 * SECOND
    tls: TlsDemand = TlsDemand.OPPORTUNISTIC

    @property
    def kept_mails(self) -> int:
        """Return how many mails of a connection are kept for mail that a person waits for."""
        limits = (self.site.connection_rate, self.together.connection_rate)
        if self.mails_per_connection <= 1 or limits == (None, None):
            return 0
        return max(1, self.mails_per_connection // KEPT_SHARE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """What reactions ask of a (source, provider) at present; None asks nothing.

    `connections` and `mail_rate` hold for the provider as a whole where it has a name, else for
    each site. The parts are what remains of every rate and of every number of connections.
    """

    connections: int | None = None
    mail_rate: Rate | None = None
    mails_per_connection: int | None = None
    rate_part: float = 1.0
    connection_part: float = 1.0


NO_EFFECTS = Effects()


class Restraints(Protocol):
    """Where the effects of reactions come from."""

    def for_site(self, destination: str, source: str) -> Effects:
        """Return what is in force now; called about once a second for each site at work.

        `destination` is the provider, or the site where the rules name none.
        """
        ...


class Unrestrained:
    """No reactions."""

    def for_site(self, _destination: str, _source: str) -> Effects:
        """Return none."""
        return NO_EFFECTS


def limited_by(shape: Shape, effects: Effects) -> Shape:
    """Return the shape made as narrow as the effects ask; it never becomes wider."""
    if effects == NO_EFFECTS:
        return shape
    where = "together" if shape.provider else "site"
    limits: Limits = getattr(shape, where)
    narrow = replace(
        limits,
        connections=_least(limits.connections, effects.connections),
        mail_rate=_slowest(limits.mail_rate, effects.mail_rate),
    )
    mails = _least(shape.mails_per_connection, effects.mails_per_connection)
    changes: dict[str, Any] = {where: narrow, "mails_per_connection": mails}
    shape = replace(shape, **changes)
    site, together = (_part(limits, effects) for limits in (shape.site, shape.together))
    return replace(shape, site=site, together=together)


def _part(limits: Limits, effects: Effects) -> Limits:
    """Return the part of limits that the effects leave, at least one connection."""
    connections = limits.connections
    if connections is not None:
        connections = max(1, int(connections * effects.connection_part))
    return Limits(
        connections=connections,
        connection_rate=_slowed(limits.connection_rate, effects.rate_part),
        mail_rate=_slowed(limits.mail_rate, effects.rate_part),
    )


def _slowed(rate: Rate | None, part: float) -> Rate | None:
    return rate and Rate(rate.count, round(rate.period_ms / part))


def _least(one: int | None, other: int | None) -> int | None:
    return min((limit for limit in (one, other) if limit is not None), default=None)


def _slowest(one: Rate | None, other: Rate | None) -> Rate | None:
    rates = [rate for rate in (one, other) if rate is not None]
    return max(rates, key=lambda rate: rate.interval_us, default=None)


@dataclass(frozen=True, slots=True)
class Layer:
    """The keys that one table sets, by the name of the value; what is absent is not set.

    The keys of the table `together` have "together." before them.
    """

    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ProviderRule:
    """Who belongs to a provider, and what holds for it. Names in lower case, hosts as written."""

    name: str
    hosts: tuple[str, ...]
    domains: frozenset[str]
    layer: Layer

    def has(self, hosts: Sequence[str]) -> bool:
        """Tell whether all the MX hosts of a domain are the provider's."""
        return bool(hosts) and all(map(self._is_ours, hosts))

    def _is_ours(self, host: str) -> bool:
        return any(
            host.endswith(ours) if ours.startswith(".") else host == ours for ours in self.hosts
        )


@dataclass(frozen=True)
class Shaping:
    """All rules. `overrides` are the operator's settings that replace values of the default."""

    default: Layer = field(default_factory=lambda: Layer({}))
    providers: tuple[ProviderRule, ...] = ()
    domains: Mapping[str, Layer] = field(default_factory=dict)
    sources: Mapping[str, Layer] = field(default_factory=dict)

    def provider_of(self, domain: str, hosts: Sequence[str]) -> str:
        """Return the name of the first provider that the domain and its MX hosts match, or ""."""
        domain = domain.lower().rstrip(".")
        named = next((rule.name for rule in self.providers if domain in rule.domains), None)
        return named or self._provider_of_hosts(tuple(hosts))

    def _provider_of_hosts(self, hosts: tuple[str, ...]) -> str:
        known = self._of_hosts.get(hosts)
        if known is None:
            plain = [host.lower().rstrip(".") for host in hosts]
            known = next((rule.name for rule in self.providers if rule.has(plain)), "")
            if len(self._of_hosts) < _MOST_KNOWN:
                self._of_hosts[hosts] = known
        return known

    @cached_property
    def _of_hosts(self) -> dict[tuple[str, ...], str]:
        return {}

    def own_rule(self, domain: str) -> str:
        """Return the domain when it has a rule of its own, else ""."""
        domain = domain.lower().rstrip(".")
        return domain if domain in self.domains else ""

    def shape(self, provider: str = "", own_rule: str = "", source: str = "") -> Shape:
        """Return what holds for mail of a source to a provider's site, or to a domain's own."""
        key = (provider, own_rule, source)
        known = self._shapes.get(key)
        if known is None:
            known = self._shapes[key] = self._merged(provider, own_rule, source)
        return known

    @cached_property
    def _shapes(self) -> dict[tuple[str, str, str], Shape]:
        return {}

    @cached_property
    def _layers(self) -> Mapping[str, Layer]:
        return {rule.name: rule.layer for rule in self.providers}

    def _merged(self, provider: str, own_rule: str, source: str) -> Shape:
        values: dict[str, Any] = {}
        for layer in (
            self.default,
            self._layers.get(provider),
            self.domains.get(own_rule),
            self.sources.get(source),
        ):
            values |= layer.values if layer else {}
        return _shape(provider, values)


def _shape(provider: str, values: Mapping[str, Any]) -> Shape:
    plain = Shape()
    site = {f.name: values[f.name] for f in fields(Limits) if f.name in values}
    whole = {f.name: values[n] for f in fields(Limits) if (n := f"together.{f.name}") in values}
    idle_s = values.get("idle_s")
    return Shape(
        provider=provider,
        site=replace(plain.site, **site),
        together=Limits(**whole) if provider else UNLIMITED,
        mails_per_connection=values.get("mails_per_connection", plain.mails_per_connection),
        recipients_per_mail=values.get("recipients_per_mail", plain.recipients_per_mail),
        idle_ms=plain.idle_ms if idle_s is None else round(idle_s * SECOND),
        tls=values.get("tls", plain.tls),
    )


ShapeOf = Callable[[str, str, str], Shape]
"""From (provider, domain with a rule of its own, source) to what is in force now."""
