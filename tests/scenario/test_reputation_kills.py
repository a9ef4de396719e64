"""SIGKILL of the process that counts figures and judges levels: each mail counts once, each rise too."""

import pytest
from tests.support.installations import MakeServer
from tests.support.tenant import new_tenant

from tayori.reputation.figures import Figures
from tayori.runtime.crash import Point
from tayori.sandbox.dns_server import DnsServer

DELIVERED = 35
UNKNOWN = 1


@pytest.mark.parametrize("point", [Point.REPUTATION_BEFORE_COMMIT, Point.REPUTATION_AFTER_COMMIT])
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
async def test_a_kill_of_the_reader_changes_no_figure(
    make_server: MakeServer, dns: DnsServer, database: str, point: Point
) -> None:
    # 36 of 50 are above seven tenths: the domain rises, once in the day.
    policy = {"level_per_day": [50] + [1_000] * 19}
    server = await make_server(database, delivery={"processes": 1}, policy=policy)
    await server.start(f"{point}:2")
    tenant = await new_tenant(server, dns)
    client = tenant.sdk(server)
    addresses = [f"u{number}@receiver.test" for number in range(DELIVERED)]
    addresses += [f"unknown{number}@receiver.test" for number in range(UNKNOWN)]
    # The second half is counted after the first one, so a second batch is there to die over.
    for address in addresses[: len(addresses) // 2]:
        await client.call("SendEmail", **tenant.mail(address))
    async with server.ledger() as ledger:

        async def half_counted() -> bool:
            return bool((await ledger.figures()).mails) or bool(server.errors)

        await server.until(half_counted, timeout_s=90)
        for address in addresses[len(addresses) // 2 :]:
            await client.call("SendEmail", **tenant.mail(address))
        await server.killed()

        async def counted() -> bool:
            return bool(server.errors) and (await ledger.figures()).mails >= len(addresses)

        await server.until(counted, timeout_s=90)
        assert await ledger.figures() == Figures(
            mails=DELIVERED + UNKNOWN,
            sent=DELIVERED + UNKNOWN,
            delivered=DELIVERED,
            invalid=UNKNOWN,
            rejected=UNKNOWN,
        )
        assert await ledger.level_changes() == [("raised", 1, 2)]
    assert await server.stop() == 0
    assert [line["event"] for line in server.errors] == ["process_ended"]
