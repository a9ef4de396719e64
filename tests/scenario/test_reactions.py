"""A receiver complains to several delivery processes: all of them react, and all come back."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.support.installations import MakeServer
from tests.support.sink import Sink
from tests.support.tayori_process import TayoriProcess
from tests.support.tenant import Tenant, new_tenant

from tayori.mail.reply import Reply
from tayori.queue.states import State
from tayori.runtime.clock import HOUR
from tayori.sandbox.dns_server import DnsServer

PROVIDER = '[provider.yahoo]\nhosts = [".receiver.test"]\n'
TSS04 = "Messages from 127.0.0.1 temporarily deferred due to unexpected volume"
EASE_OFF = """
[ease-off]
text = 'ease off'
threshold = "2 per hour"
scope = "source_provider"
mails_per_minute = 240
duration = "30 min"
"""
PER_SECOND = 240 / 60


class Complaining(Sink):
    """Complains about everything as long as it is told to."""

    complaint: Reply | None = Reply(421, "4.7.0", (f"[TSS04] {TSS04}",))

    def refuse(self, recipient: str) -> Reply | None:
        """Return the complaint."""
        self.refusals[recipient] += 1
        return self.complaint


@pytest.fixture
async def receiver() -> AsyncIterator[Complaining]:
    async with Complaining() as running:
        yield running


async def started(make_server: MakeServer, port: int, database: str) -> TayoriProcess:
    server = await make_server(database, delivery={"processes": 2, "port": port})
    rules = server.data_dir / "rules"
    rules.mkdir(parents=True)
    (rules / "shaping.toml").write_text(PROVIDER)
    (rules / "reactions.toml").write_text(EASE_OFF)
    await server.start()
    return server


async def send(server: TayoriProcess, tenant: Tenant, name: str, count: int) -> None:
    sdk = tenant.sdk(server)
    for number in range(count):
        await sdk.call("SendEmail", **tenant.mail(f"{name}{number}@receiver.test"))


async def begun(server: TayoriProcess) -> dict[str, Any]:
    """Return the one reaction in force, waiting for it."""
    found: list[dict[str, Any]] = []

    async def there() -> bool:
        found[:] = await server.command("reaction", "list")
        return bool(found)

    await server.until(there)
    (reaction,) = found
    return reaction


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
async def test_all_processes_pause_and_a_cancelled_pause_lets_all_go(
    make_server: MakeServer, dns: DnsServer, receiver: Complaining, database: str
) -> None:
    server = await started(make_server, receiver.port, database)
    tenant = await new_tenant(server, dns)
    await send(server, tenant, "first", 2)
    reaction = await begun(server)
    assert (reaction["name"], reaction["provider"]) == ("yahoo-tss04", "yahoo")
    assert TSS04 in reaction["reason"]
    await send(server, tenant, "later", 30)
    async with server.ledger() as ledger:

        async def waits() -> bool:
            entries = await ledger.entries()
            return len(entries) == 32 and all(
                entry.state in {State.QUEUED, State.DEFERRED} for entry in entries
            )

        await server.until(waits)
        listed = await server.command("queue", "list", "--state", "queued")
        receiver.complaint = None
        (cancelled,) = await server.command("reaction", "cancel", str(reaction["id"]))
        assert cancelled["woken"] >= len(listed) > 0

        async def only_refused_left() -> bool:
            return await ledger.open_recipients() <= 2

        # A process that had not read yet that the pause is over puts nothing off until its end.
        await server.until(only_refused_left)
        server.move_clock(2 * HOUR)

        async def ended() -> bool:
            return await ledger.open_recipients() == 0

        await server.until(ended)
        states = {entry.state for entry in await ledger.entries()}
    assert states == {State.DELIVERED}
    # The jump of the clock ends leases as well, so what was under way just then may come twice.
    assert len(receiver.recipients) == 32
    assert set(receiver.recipients.values()) <= {1, 2}
    assert not await server.command("reaction", "list")
    assert await server.stop() == 0
    assert server.errors == []


async def test_the_receiver_sees_that_all_processes_together_slow_down(
    make_server: MakeServer, dns: DnsServer, receiver: Complaining
) -> None:
    receiver.complaint = Reply(450, "4.7.0", ("Please ease off",))
    server = await started(make_server, receiver.port, "sqlite")
    tenant = await new_tenant(server, dns)
    await send(server, tenant, "first", 2)
    reaction = await begun(server)
    assert reaction["effect"] == "240 mails a minute"
    assert await server.stop() == 0
    receiver.complaint = None
    # Every process that starts knows what is in force before it sends anything.
    await server.start()
    await asyncio.gather(*(send(server, tenant, f"later{n}-", 4) for n in range(5)))
    await receiver.until(lambda: len(receiver.mails) == 20, timeout_s=60)
    times = sorted(mail.at for mail in receiver.mails)
    took_s = (times[-1] - times[0]) / 1000
    assert took_s >= (len(times) - 1) / PER_SECOND * 0.9
    assert await server.stop() == 0
    assert server.errors == []
