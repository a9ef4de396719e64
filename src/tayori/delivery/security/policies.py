"""The MTA-STS policies of receiving domains, remembered and shared by all processes (RFC 8461).

A mail costs a look into memory. The announcement in the DNS is asked for again when its time is
over, the policy is fetched again when the announced id changed, and before it grows old, beside the
mail. A policy that cannot be fetched leaves the one before in force until its own end; a domain
without any is as if it had none. After a failure the same id is not tried again for five minutes.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Protocol

from tayori.delivery.security.store import KnownPolicy, SecurityStore
from tayori.dns.answers import Answer, Lookup, Lookups, NoData, NoSuchName
from tayori.dns.cache import ExpiringCache
from tayori.dns.sts import StsPolicy, policy_id
from tayori.runtime import log
from tayori.runtime.clock import DAY, MINUTE, SECOND, Clock
from tayori.smtp.tls_fault import TlsFault

MOST_DOMAINS: Final = 100_000
SHORTEST_HOLD_S: Final = 60
LONGEST_HOLD_S: Final = 3_600
FAILURE_HOLD_S: Final = 30
RETRY_MS: Final = 5 * MINUTE
"""Least time between two tries for one id (RFC 8461 3.3)."""
OLD_MS: Final = DAY
"""Age at which a policy is fetched again, unless half its own time is less."""


class PolicySource(Protocol):
    """Whatever fetches policies."""

    async def policy(self, domain: str) -> StsPolicy | TlsFault:
        """Return the policy that a domain publishes now, or why there is none."""
        ...


@dataclass(frozen=True, slots=True)
class _Held:
    policy: StsPolicy | None
    until: int


class Policies:
    """Policies by domain; `told` hears of fetches that failed, for reports."""

    def __init__(
        self,
        lookups: Lookups,
        store: SecurityStore,
        source: PolicySource,
        clock: Clock,
        told: Callable[[str, TlsFault], None] = lambda *_: None,
    ) -> None:
        self._lookups = lookups
        self._store = store
        self._source = source
        self._clock = clock
        self._told = told
        self._held: ExpiringCache[str, _Held] = ExpiringCache(clock, MOST_DOMAINS)
        self._known: dict[str, KnownPolicy] = {}
        self._running: dict[str, asyncio.Task[StsPolicy | None]] = {}
        self._beside: dict[str, asyncio.Task[None]] = {}

    def take(self, changed: list[KnownPolicy]) -> None:
        """Take up what was written to the database since the last look."""
        for each in changed:
            known = self._known.get(each.domain)
            if known is None or known.changed_at <= each.changed_at:
                self._known[each.domain] = each
                held = self._held.get(each.domain)
                if held is not None and held.policy != each.policy:
                    # Another process fetched a newer one: what is held is looked at again.
                    self._held.put(each.domain, held, 0)

    def held(self, domain: str) -> tuple[StsPolicy | None] | None:
        """Return the policy as a tuple when it is known without asking anybody, else None."""
        held = self._held.get(domain)
        if held is None or held.until <= self._clock.now():
            return None
        return (held.policy,)

    async def find(self, domain: str) -> StsPolicy | None:
        """Return the policy in force for mail to a domain (an A-label name), or None."""
        known = self.held(domain)
        if known is not None:
            return known[0]
        task = self._running.get(domain)
        if task is None:
            task = asyncio.create_task(self._find(domain), name="sts policy")
            self._running[domain] = task
            task.add_done_callback(lambda _: self._running.pop(domain, None))
        # One batch of mail that is given up must not take the policy away from the others.
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Give up what is under way."""
        tasks = [*self._running.values(), *self._beside.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _find(self, domain: str) -> StsPolicy | None:
        answer = await self._lookups.lookup(f"_mta-sts.{domain}", "TXT")
        number = policy_id(answer.texts) if isinstance(answer, Answer) else ""
        known = self._known.get(domain)
        now = self._clock.now()
        if number and not _is_current(known, number, now):
            known = await self._renew(domain, number)
        elif known and number and _is_old(known, now) and domain not in self._beside:
            task = asyncio.create_task(self._refresh(domain, number), name="sts refresh")
            self._beside[domain] = task
            task.add_done_callback(lambda _: self._beside.pop(domain, None))
        now = self._clock.now()
        policy = known.valid(now) if known else None
        hold_ms = _hold_s(answer) * SECOND
        until = min(now + hold_ms, known.expires_at) if known and policy else now + hold_ms
        if number and (known is None or known.policy_id != number):
            until = min(until, now + RETRY_MS)
        self._held.put(domain, _Held(policy, until), until - now)
        return policy

    async def _renew(self, domain: str, number: str) -> KnownPolicy | None:
        """Return what is known of a domain after an attempt to get the version of this id."""
        # Another process may have it already.
        stored = await self._store.policy(domain)
        if stored is not None:
            self._known[domain] = stored
        now = self._clock.now()
        if _is_current(stored, number, now) or (stored and _tried(stored, number, now)):
            return stored
        return await self._fetch(domain, number)

    async def _refresh(self, domain: str, number: str) -> None:
        """Fetch again before a policy grows old; one of all processes does."""
        now = self._clock.now()
        try:
            if await self._store.claim_policy(domain, number, now, now - RETRY_MS):
                await self._fetch(domain, number)
        except Exception:
            # What is in force stays; the next mail after a while tries again.
            log.get("tls").exception("sts_refresh_failed", domain=domain)

    async def _fetch(self, domain: str, number: str) -> KnownPolicy:
        before = self._known.get(domain) or KnownPolicy(domain=domain)
        found = await self._source.policy(domain)
        now = self._clock.now()
        tried = replace(before, tried_id=number, tried_at=now, changed_at=now)
        if isinstance(found, TlsFault):
            log.get("tls").warning("sts_policy_unavailable", domain=domain, reason=str(found))
            self._told(domain, found)
            known = replace(tried, trouble=str(found))
        else:
            known = replace(
                tried,
                policy=found,
                policy_id=number,
                fetched_at=now,
                expires_at=now + found.max_age_s * SECOND,
                trouble="",
            )
        self._known[domain] = known
        await self._store.put_policy(known)
        return known


def _is_current(known: KnownPolicy | None, number: str, now: int) -> bool:
    return known is not None and known.policy_id == number and known.valid(now) is not None


def _tried(known: KnownPolicy, number: str, now: int) -> bool:
    return known.tried_id == number and 0 <= now - known.tried_at < RETRY_MS


def _is_old(known: KnownPolicy, now: int) -> bool:
    age = now - known.fetched_at
    half = (known.expires_at - known.fetched_at) // 2
    return age >= min(OLD_MS, half) and now - known.tried_at >= RETRY_MS


def _hold_s(answer: Lookup) -> int:
    match answer:
        case Answer() | NoData() | NoSuchName():
            return min(LONGEST_HOLD_S, max(SHORTEST_HOLD_S, answer.ttl))
        case _:
            return FAILURE_HOLD_S
