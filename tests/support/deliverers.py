"""Delivery loops over a test's database, name server and clock, with what they find there."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.store.test_door import NOW

from tayori.compose.build import Capabilities, Mail, build
from tayori.compose.content import compile_template
from tayori.compose.model import Recipe
from tayori.config.delivery import DeliverySettings
from tayori.config.tree import Service, Settings
from tayori.db.database import Database
from tayori.db.wakeup import PipeWakeup, Wakeup
from tayori.delivery.loop import DeliveryLoop
from tayori.delivery.pacing.store import PacingStore
from tayori.delivery.reactions.service import Reactions
from tayori.delivery.reactions.store import ReactionStore
from tayori.delivery.security.service import Security, build_security
from tayori.delivery.security.store import SecurityStore
from tayori.delivery.service import DeliveryNeeds, build_delivery
from tayori.delivery.source_choice import SourceChooser
from tayori.delivery.stops import Stops
from tayori.dns.resolver import Resolver
from tayori.mail.dkim import RsaSigner, generate_rsa
from tayori.queue.model import Status
from tayori.queue.store import QueueStore
from tayori.reputation.standing_store import StopStore
from tayori.runtime.clock import DAY, Clock
from tayori.sandbox.dns_server import DnsServer
from tayori.suppress.store import SuppressStore

PAIR = generate_rsa(2048)
SIGNER = RsaSigner(pem=PAIR.pem, domain="mail.example.org", selector="t2048")


class RecipeComposer:
    """Composes with one key and the one template of these tests; stumbles where it is told."""

    def __init__(self, faulty: Callable[[Recipe], bool] = lambda _: False) -> None:
        self._faulty = faulty

    async def compose(self, recipient_id: int, recipe: Recipe, receiver: Capabilities) -> Mail:
        """Return the mail."""
        if self._faulty(recipe):
            raise RuntimeError("a fault of ours")
        content = compile_template("<p>{{name}}</p>", "")
        return build(
            recipe,
            content,  # type: ignore[arg-type]
            recipient_id=recipient_id,
            signers=[SIGNER],
            token_key=b"k" * 32,
            capabilities=receiver,
        )


@asynccontextmanager
async def name_server() -> AsyncIterator[DnsServer]:
    """Serve x.test and y.test (127.0.0.1), slow.test (127.0.0.2) and null.test (no mail)."""
    async with DnsServer() as server:
        for name, address in (("x", "127.0.0.1"), ("y", "127.0.0.1"), ("slow", "127.0.0.2")):
            server.add_zone(f"{name}.test")
            server.add(f"{name}.test", "MX", f"10 mx.{name}.test.")
            server.add(f"mx.{name}.test", "A", address)
        server.add_zone("null.test")
        server.add("null.test", "MX", "0 .")
        yield server


@dataclass(slots=True)
class Deliverers:
    """Makes loops; those that a test did not stop are stopped at its end."""

    database: Database
    clock: Clock
    dns: DnsServer
    run_dir: Path
    made: list[DeliveryLoop] = field(default_factory=list)

    @property
    def queue(self) -> QueueStore:
        """The queue behind the loops."""
        return QueueStore(self.database)

    def reactions(self) -> Reactions:
        """Return reactions of one process; `run_dir` has a test's own rules."""
        store = ReactionStore(self.database)
        return Reactions(store, self.clock, random.Random(1), data_dir=self.run_dir)

    def make(
        self,
        port: int,
        owner: str = "one",
        composer: RecipeComposer | None = None,
        signal: Wakeup | None = None,
        most_held: int = 1_000,
        *,
        sources: SourceChooser | None = None,
        security: Security | None = None,
        **settings: Any,
    ) -> DeliveryLoop:
        """Return a loop; `settings` are those of `delivery`."""
        given = {"port": port, "allow_private_networks": True, "tls": "opportunistic"} | settings
        loop = build_delivery(
            DeliveryNeeds(
                owner=owner,
                settings=Settings(
                    data_dir=str(self.run_dir),
                    service=Service(hostname="mail.tayori.test"),
                    delivery=DeliverySettings(**given),
                ),
                queue=self.queue,
                suppressions=SuppressStore(self.database),
                reactions=self.reactions(),
                pacing=PacingStore(self.database),
                composer=composer or RecipeComposer(),
                resolver=Resolver([self.dns.address], self.clock),
                signal=signal or PipeWakeup(self.run_dir, "queue"),
                clock=self.clock,
                chance=random.Random(1),
                most_held=most_held,
                sources=sources,
                stops=Stops(StopStore(self.database), self.clock),
                security=security,
            )
        )
        self.made.append(loop)
        return loop

    def security(self, port: int, **settings: Any) -> Security:
        """Return the security of one process; a test starts and stops it."""
        given = {"port": port, "allow_private_networks": True} | settings
        return build_security(
            SecurityStore(self.database),
            settings=DeliverySettings(**given),
            queue=self.queue,
            resolver=Resolver([self.dns.address], self.clock),
            clock=self.clock,
        )

    @asynccontextmanager
    async def secure(self, port: int, **settings: Any) -> AsyncIterator[DeliveryLoop]:
        """Run a loop with security; at the end of the block all it did is committed."""
        security = self.security(port, **settings)
        await security.start()
        try:
            async with self.running(port, security=security, **settings) as loop:
                yield loop
        finally:
            await security.stop()

    @asynccontextmanager
    async def running(self, port: int, **changes: Any) -> AsyncIterator[DeliveryLoop]:
        """Run a loop; at the end of the block it has stopped and all it did is committed."""
        loop = self.make(port, **changes)
        await loop.start()
        try:
            yield loop
        finally:
            await loop.stop()

    async def states(self) -> dict[str, Status]:
        """Return what is known of each address."""
        rows = await self.queue.status(1, (NOW, NOW + 9 * DAY), (0, 2_000))
        return {row.to_address: row for row in rows}


async def within(work: Awaitable[None], seconds: float = 30) -> None:
    """Wait for something that has to happen; TimeoutError."""
    async with asyncio.timeout(seconds):
        await work


async def until(condition: Callable[[], bool]) -> None:
    """Return when the condition holds, asked at every turn of the event loop."""
    while not condition():  # noqa: ASYNC110 - nobody tells of what is asked here
        await asyncio.sleep(0)
