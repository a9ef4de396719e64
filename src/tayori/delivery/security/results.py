"""Collects how TLS went, per receiving domain and day of UTC, for those who want reports.

A negotiation is one entry into a dictionary. Once a minute what was gathered is written in one
transaction, for the domains whose TLSRPT record asks for it; the others' is dropped.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from tayori.delivery.plan import Route
from tayori.delivery.security.model import HostDemand, PolicyKind, ResultKey
from tayori.delivery.security.opening import Tried
from tayori.delivery.security.report_store import ReportStore
from tayori.dns.answers import Answer, Lookups
from tayori.dns.names import to_host
from tayori.dns.tlsrpt import report_uris
from tayori.runtime.clock import MINUTE, SECOND, Clock
from tayori.smtp.tls_fault import TlsFault

FLUSH_MS: Final = MINUTE
MOST_KEYS: Final = 20_000
"""Different results that are kept between two writes; more of them are not counted."""
_AT_ONCE: Final = 50


@dataclass(frozen=True, slots=True)
class Wanted:
    """Tells whether a domain wants reports."""

    lookups: Lookups

    async def by(self, domain: str) -> tuple[str, ...]:
        """Return where a domain wants its reports, () for nowhere."""
        answer = await self.lookups.lookup(f"_smtp._tls.{domain}", "TXT")
        return report_uris(answer.texts) if isinstance(answer, Answer) else ()


class Results:
    """Counts by (day, domain, key) on their way to the database."""

    def __init__(self, store: ReportStore, lookups: Lookups, clock: Clock) -> None:
        self._store = store
        self._wanted = Wanted(lookups)
        self._clock = clock
        self._counts: Counter[tuple[str, str, ResultKey]] = Counter()
        self._flushed_at = clock.now()

    def tried(self, route: Route, tried: Tried) -> None:
        """Count a negotiation for the domain whose mail it was for."""
        target, fault = tried.target, tried.fault
        policy, mx = _policy(tried.demand)
        key = ResultKey(tried.demand.kind.value, policy, mx)
        if fault is not None:
            key = ResultKey(
                tried.demand.kind.value,
                policy,
                mx,
                fault.result.value,
                route.source.local_for(target.address) or "",
                target.host_name,
                target.address,
                fault.detail.english[:200],
            )
        self._count(route.domain, key)

    def unfetched(self, domain: str, fault: TlsFault) -> None:
        """Count a policy that could not be had."""
        key = ResultKey(
            PolicyKind.STS.value, result=fault.result.value, reason=fault.detail.english[:200]
        )
        self._count(domain, key)

    async def flush(self, *, now: bool = False) -> None:
        """Write what was gathered, when a minute has passed, or at once."""
        at = self._clock.now()
        if not self._counts or not (now or not 0 <= at - self._flushed_at < FLUSH_MS):
            return
        self._flushed_at = at
        counts, self._counts = self._counts, Counter()
        try:
            domains = sorted({domain for _, domain, _ in counts})
            room = asyncio.Semaphore(_AT_ONCE)
            asked = await asyncio.gather(*(self._asks(domain, room) for domain in domains))
            wanted = {domain for domain, asks in zip(domains, asked, strict=True) if asks}
            await self._store.add({k: count for k, count in counts.items() if k[1] in wanted})
        except BaseException:
            self._counts.update(counts)
            raise

    async def _asks(self, domain: str, room: asyncio.Semaphore) -> bool:
        async with room:
            return bool(await self._wanted.by(domain))

    def _count(self, domain: str, key: ResultKey) -> None:
        name = to_host(domain) if domain else None
        if name is None:
            return
        entry = (day_of(self._clock.now()), name, key)
        if entry in self._counts or len(self._counts) < MOST_KEYS:
            self._counts[entry] += 1


def day_of(now: int) -> str:
    """Return the day of UTC, as reports count days (RFC 8460 4.1)."""
    return datetime.fromtimestamp(now / SECOND, UTC).date().isoformat()


def _policy(demand: HostDemand) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the policy as it was applied, and its MX patterns (RFC 8460 4.4)."""
    if demand.kind is PolicyKind.TLSA:
        records = (f"{r.usage} {r.selector} {r.matching_type} {r.data.hex()}" for r in demand.tlsa)
        return tuple(sorted(records)), ()
    sts = demand.sts
    if demand.kind is PolicyKind.NONE or sts is None:
        return (), ()
    lines = ("version: STSv1", f"mode: {sts.mode.value}", *(f"mx: {mx}" for mx in sts.mx))
    return (*lines, f"max_age: {sts.max_age_s}"), sts.mx
