"""The hosts that take a domain's mail (RFC 5321 5.1, RFC 7505), ready to be connected to.

Promises: a domain that says by its own name servers that it takes no mail is `NoMail`, which is
final; whatever could not be found out is a `TemporaryFailure`. A found value is kept until the
first of its records dies, so that the next mail to the domain costs a dictionary look-up.
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from tayori.dns.addresses import Address, address_of, parse_literal
from tayori.dns.answers import Answer, Lookup, Mx, NoData, NoSuchName, TemporaryFailure
from tayori.dns.cache import ExpiringCache
from tayori.dns.names import to_ascii, to_host
from tayori.dns.resolver import Resolver
from tayori.refusal.saying import say
from tayori.runtime.clock import SECOND, Clock

MAX_HOSTS = 20
"""MX hosts that are looked at, most preferred first; a longer list is an attack or a mistake."""
MAX_ADDRESSES = 16
"""Addresses kept of one host."""


class NoMailReason(Enum):
    """Why a domain takes no mail, with a sentence for whoever sent it."""

    NO_SUCH_DOMAIN = say("The domain does not exist.")
    NULL_MX = say("The domain says that it accepts no mail (null MX).")
    NO_HOST = say("The domain has neither a mail host nor an address.")
    NO_USABLE_HOST = say("None of the domain's mail hosts has an address.")
    BAD_DOMAIN = say("The domain is not a valid domain name.")


@dataclass(frozen=True, slots=True)
class NoMail:
    """A definite no; `domain` as it was asked."""

    domain: str
    reason: NoMailReason


@dataclass(frozen=True, slots=True)
class MailHost:
    """One host with its addresses, at least one."""

    name: str
    preference: int
    addresses: tuple[Address, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MailHosts:
    """Where a domain's mail goes: hosts by preference, random where it is equal."""

    domain: str
    hosts: tuple[MailHost, ...]
    site: str
    """The names of all the MX hosts, sorted, joined by ",": domains with the same are one site."""
    implicit: bool = False
    """There is no MX record: the domain itself is the host."""
    signed: bool = False
    """The MX records, or that there are none, are authentic by DNSSEC."""
    expires_at: int = 0
    """Milliseconds since the epoch after which the DNS is asked again."""

    def in_order(self, source: random.Random) -> tuple[MailHost, ...]:
        """Return the hosts for one attempt: a fresh random order inside each preference."""
        if len(self.hosts) == 1:
            return self.hosts
        return tuple(_shuffled(self.hosts, source))


FoundHosts: TypeAlias = MailHosts | NoMail | TemporaryFailure


class MailHostFinder:
    """Finds mail hosts through a resolver, with a cache of ready values by domain."""

    def __init__(
        self,
        resolver: Resolver,
        clock: Clock,
        source: random.Random,
        *,
        ipv6: bool = True,
        cache_size: int = 50_000,
        max_hold_s: int = 3_600,
        failure_hold_s: int = 5,
    ) -> None:
        self._resolver = resolver
        self._clock = clock
        self._random = source
        self._types = ("A", "AAAA") if ipv6 else ("A",)
        self._max_hold_s = max_hold_s
        self._failure_hold_s = failure_hold_s
        self._cache: ExpiringCache[str, MailHosts | NoMail] = ExpiringCache(clock, cache_size)

    def cached(self, domain: str) -> MailHosts | NoMail | None:
        """Return the held value of a domain, without asking anybody."""
        return self._cache.get(domain)

    async def find_hosts(self, domain: str) -> FoundHosts:
        """Return where mail for a domain goes; the domain may be IDN or an address literal."""
        held = self._cache.get(domain)
        if held is not None:
            return held
        if domain.startswith("["):
            return _literal(domain)
        name = to_host(domain)
        if name is None:
            return NoMail(domain, NoMailReason.BAD_DOMAIN)
        return await self._find(domain, name)

    async def _find(self, domain: str, name: str) -> FoundHosts:
        result = await self._resolver.lookup(name, "MX")
        match result:
            case TemporaryFailure():
                return result
            case NoSuchName():
                no = NoMail(domain, NoMailReason.NO_SUCH_DOMAIN)
                return self._hold(domain, no, result.ttl)
            case NoData():
                implicit = (Mx(0, name),)
                return await self._with_addresses(domain, implicit, result, implicit=True)
            case Answer():
                return await self._from_mx(domain, result)

    async def _from_mx(self, domain: str, answer: Answer) -> FoundHosts:
        exchanges = [mx for mx in answer.exchanges if mx.exchange]
        if not exchanges:
            # RFC 7505 3: the only record names the root.
            return self._hold(domain, NoMail(domain, NoMailReason.NULL_MX), answer.ttl)
        return await self._with_addresses(domain, exchanges, answer, implicit=False)

    async def _with_addresses(
        self, domain: str, exchanges: Sequence[Mx], told: Answer | NoData, *, implicit: bool
    ) -> FoundHosts:
        best: dict[str, int] = {}
        for mx in exchanges:
            best.setdefault(mx.exchange, mx.preference)
        names = list(best)[:MAX_HOSTS]
        found = await asyncio.gather(*(self._addresses(name) for name in names))
        hosts = [
            MailHost(name, best[name], each.addresses)
            for name, each in zip(names, found, strict=True)
            if each.addresses
        ]
        failures = [each.failure for each in found if each.failure]
        if not hosts and failures:
            return TemporaryFailure(detail="; ".join(failures))
        ttl = min([told.ttl, *(each.ttl for each in found)])
        if not hosts:
            reason = NoMailReason.NO_HOST if implicit else NoMailReason.NO_USABLE_HOST
            return self._hold(domain, NoMail(domain, reason), ttl)
        if failures:
            ttl = min(ttl, self._failure_hold_s)
        hold_s = min(ttl, self._max_hold_s)
        hosts.sort(key=lambda host: host.preference)
        value = MailHosts(
            domain=domain,
            hosts=tuple(_shuffled(hosts, self._random)),
            site=",".join(sorted(best)),
            implicit=implicit,
            signed=told.authenticated,
            expires_at=self._clock.now() + hold_s * SECOND,
        )
        return self._hold(domain, value, hold_s)

    async def _addresses(self, name: str) -> "_HostLookup":
        if to_ascii(name) is None:
            return _HostLookup((), 2**31 - 1, "")
        results = await asyncio.gather(
            *(self._resolver.lookup(name, record_type) for record_type in self._types)
        )
        return _combine(results)

    def _hold(self, domain: str, value: MailHosts | NoMail, lifetime_s: int) -> MailHosts | NoMail:
        self._cache.put(domain, value, min(lifetime_s, self._max_hold_s) * SECOND)
        return value


@dataclass(frozen=True, slots=True)
class _HostLookup:
    addresses: tuple[Address, ...]
    ttl: int
    failure: str


def _combine(results: Sequence[Lookup]) -> _HostLookup:
    addresses: list[Address] = []
    ttl, failures = 2**31 - 1, []
    for result in results:
        match result:
            case Answer():
                addresses.extend(address_of(text) for text in result.names)
                ttl = min(ttl, result.ttl)
            case TemporaryFailure():
                failures.append(result.detail)
            case NoData() | NoSuchName() if result.ttl:
                # A no without a lifetime must not keep us from holding the other addresses.
                ttl = min(ttl, result.ttl)
    # A name server that fails for AAAA alone is common; with an A record the host is usable.
    failure = "" if addresses else "; ".join(failures)
    return _HostLookup(tuple(addresses[:MAX_ADDRESSES]), ttl, failure)


def _shuffled(hosts: Sequence[MailHost], source: random.Random) -> list[MailHost]:
    """Return hosts that are sorted by preference in random order where it is equal.

    RFC 5321 5.1 asks for this so that senders spread their load.
    """
    return sorted(hosts, key=lambda host: (host.preference, source.random()))


def _literal(domain: str) -> MailHosts | NoMail:
    address = parse_literal(domain)
    if address is None:
        return NoMail(domain, NoMailReason.BAD_DOMAIN)
    name = f"[{address.ip}]"
    host = MailHost(name, 0, (address,))
    return MailHosts(domain=domain, hosts=(host,), site=name, implicit=True)
