"""The TLSA records of mail hosts (RFC 7672 2.2), with the name server's word for DNSSEC.

Whether an answer is authentic is told by the AD bit of a name server that validates and that may be
believed: one at a loopback address, unless the operator says otherwise (docs/decisions/0006).
Records in zones that nobody signed do not count; an answer that is bogus, which a validating server
gives as SERVFAIL, or that does not come, is temporary: its host must not be used.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from tayori.dns.answers import Answer, Lookup, NoData, NoSuchName, TemporaryFailure, Tlsa
from tayori.dns.cache import ExpiringCache
from tayori.dns.resolver import Resolver
from tayori.runtime.clock import SECOND, Clock

MOST_HOSTS: Final = 20_000
SHORTEST_HOLD_S: Final = 30
LONGEST_HOLD_S: Final = 3_600
FAILURE_HOLD_S: Final = 10


@dataclass(frozen=True, slots=True)
class HostKeys:
    """What a host's zone says about its certificates; no records: it has no DANE."""

    base: str
    """The TLSA base domain, also a name that certificates may bear (RFC 7672 3.2.2)."""
    records: tuple[Tlsa, ...] = ()


FoundKeys: TypeAlias = HostKeys | TemporaryFailure


class DaneFinder:
    """Looks TLSA records up, at `port`, and remembers what it found by host."""

    def __init__(self, resolver: Resolver, clock: Clock, port: int) -> None:
        self._resolver = resolver
        self._prefix = f"_{port}._tcp."
        self._cache: ExpiringCache[str, FoundKeys] = ExpiringCache(clock, MOST_HOSTS)

    def cached(self, host: str) -> FoundKeys | None:
        """Return what is known of a host, without asking anybody."""
        return self._cache.get(host)

    async def find(self, host: str) -> FoundKeys:
        """Return the authentic TLSA records of a host, or that they could not be found out."""
        known = self._cache.get(host)
        if known is not None:
            return known
        found, hold_s = await self._find(host)
        self._cache.put(host, found, hold_s * SECOND)
        return found

    async def _find(self, host: str) -> tuple[FoundKeys, int]:
        addresses = await asyncio.gather(
            self._resolver.lookup(host, "A"), self._resolver.lookup(host, "AAAA")
        )
        ttl = _ttl(addresses)
        # RFC 7672 2.2.2: without authentic addresses the TLSA records are not even asked for, so
        # that servers that choke on the question do not stop mail to unsigned zones.
        if not any(is_authentic(answer) for answer in addresses):
            return HostKeys(host), ttl
        expanded = next((a.name for a in addresses if isinstance(a, Answer) and a.name), host)
        for base in dict.fromkeys((expanded, host)):
            answer = await self._resolver.lookup(self._prefix + base, "TLSA")
            if isinstance(answer, TemporaryFailure):
                return answer, FAILURE_HOLD_S
            ttl = min(ttl, _ttl([answer]))
            if isinstance(answer, Answer) and answer.authenticated and answer.tlsa:
                return HostKeys(base, answer.tlsa), ttl
        return HostKeys(host), ttl


def is_authentic(answer: Lookup) -> bool:
    """Tell whether a name server that may be believed vouches for an answer."""
    return isinstance(answer, Answer | NoData | NoSuchName) and answer.authenticated


def _ttl(answers: Sequence[Lookup]) -> int:
    known = [a.ttl for a in answers if not isinstance(a, TemporaryFailure) and a.ttl]
    failed = any(isinstance(a, TemporaryFailure) for a in answers)
    longest = FAILURE_HOLD_S if failed else LONGEST_HOLD_S
    return min(longest, max(SHORTEST_HOLD_S, min(known, default=SHORTEST_HOLD_S)))
