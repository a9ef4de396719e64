"""The security of one delivery process, put together, and kept in step with the others.

Every two seconds it writes what it learnt of hosts and reads what other processes learnt. While the
database cannot be reached, what is known stays in force.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tayori.config.delivery import DeliverySettings
from tayori.delivery.security.fetch import Web, WebSettings
from tayori.delivery.security.ladder import Ladder
from tayori.delivery.security.policies import Policies, PolicySource
from tayori.delivery.security.results import Results
from tayori.delivery.security.routing import Securing
from tayori.delivery.security.store import SecurityStore
from tayori.delivery.security.wishes import RecipeWishes
from tayori.dns.dane import DaneFinder
from tayori.dns.resolver import Resolver
from tayori.queue.store import QueueStore
from tayori.runtime import log
from tayori.runtime.clock import MINUTE, Clock
from tayori.smtp.tls_fault import TlsFault

STEP_S: Final = 2.0
OVERLAP_MS: Final = MINUTE
"""How far clocks of different machines may be apart."""


@dataclass(slots=True, kw_only=True)
class Security:
    """A service: what delivery asks about the way to receivers."""

    store: SecurityStore
    clock: Clock
    ladder: Ladder
    securing: Securing
    policies: Policies | None
    web: Web | None
    results: Results | None = None
    _seen: int = 0
    _stopping: asyncio.Event | None = None
    _task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Read what is known and begin to keep in step; an unreachable database is waited for."""
        self._stopping = asyncio.Event()
        await self._try(self.step)
        self._task = asyncio.create_task(self._run(self._stopping), name="tls security")

    async def stop(self) -> None:
        """Write what was learnt, and end."""
        if self._stopping is not None:
            self._stopping.set()
        if self._task is not None:
            await asyncio.wait({self._task})
        await self._try(self.ladder.save)
        if self.results is not None:
            await self._try(lambda: self._flush(now=True))
        if self.policies is not None:
            await self.policies.close()
        if self.web is not None:
            await self.web.close()

    async def step(self) -> None:
        """Write and read once."""
        await self.ladder.save()
        await self._flush()
        policies, hosts = await self.store.changed(self._seen - OVERLAP_MS)
        if self.policies is not None:
            self.policies.take(policies)
        self.ladder.take(hosts)
        newest = [one.changed_at for one in policies] + [one.changed_at for one in hosts]
        self._seen = max([self._seen, *newest])
        self.securing.required = await self.store.required()

    async def _flush(self, *, now: bool = False) -> None:
        if self.results is not None:
            await self.results.flush(now=now)

    async def _run(self, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            try:
                await asyncio.wait_for(stopping.wait(), STEP_S)
            except TimeoutError:
                await self._try(self.step)

    async def _try(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            await work()
        except Exception:
            log.get("tls").exception("tls_step_failed")


def build_security(
    store: SecurityStore,
    *,
    settings: DeliverySettings,
    queue: QueueStore,
    resolver: Resolver,
    clock: Clock,
    source: PolicySource | None = None,
    results: Results | None = None,
) -> Security:
    """Return the service, not started.

    `source` fetches policies in the place of the web, `results` counts for reports.
    """
    web = web_of(settings, resolver)
    policies = None
    if settings.mta_sts and not settings.smarthost:
        told = results.unfetched if results else _unheard
        policies = Policies(resolver, store, source or web, clock, told)
    dane = None
    if settings.dane and resolver.validates and not settings.smarthost:
        dane = DaneFinder(resolver, clock, settings.port)
    securing = Securing(
        clock=clock,
        wishes=RecipeWishes(queue),
        policies=policies,
        dane=dane,
        soft=results is not None,
    )
    return Security(
        store=store,
        clock=clock,
        ladder=Ladder(store, clock),
        securing=securing,
        policies=policies,
        web=web,
        results=results,
    )


def _unheard(_domain: str, _fault: TlsFault) -> None:
    """Tell nobody."""


def web_of(settings: DeliverySettings, resolver: Resolver) -> Web:
    """Return the https client of these settings."""
    roots = Path(settings.tls_ca_file) if settings.tls_ca_file else None
    return Web(
        resolver,
        WebSettings(
            trust_roots=roots,
            allow_private=settings.allow_private_networks,
            port=settings.POLICY_PORT_FOR_TESTS_ONLY,
        ),
    )
