"""Statistics of real mail, with SIGKILL while it is counted: each mail counts once."""

from typing import Any

import pytest
from tests.support.installations import MakeServer
from tests.support.tenant import new_tenant, today

from tayori.runtime.crash import Point
from tayori.sandbox.dns_server import DnsServer

MAILS = 40


@pytest.mark.parametrize("point", [Point.STATS_BEFORE_COMMIT, Point.STATS_AFTER_COMMIT])
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
async def test_a_kill_while_counting_changes_no_count(
    make_server: MakeServer, dns: DnsServer, database: str, point: Point
) -> None:
    server = await make_server(database, delivery={"processes": 1})
    await server.start(f"{point}:1")
    tenant = await new_tenant(server, dns)
    client = tenant.sdk(server)
    begun = today()
    for number in range(MAILS):
        await client.call("SendEmail", **tenant.mail(f"u{number}@receiver.test"))
        if number == MAILS // 2:
            await server.killed()
    volume: dict[str, Any] = {}

    async def counted() -> bool:
        report = await client.call("GetStatisticsReport", StartDate=begun, EndDate=today())
        volume.update(vars(report.OverallVolume))
        return bool(server.errors) and volume["_DeliveredCount"] >= MAILS

    await server.until(counted, timeout_s=90)
    assert volume["_RequestCount"] == MAILS
    assert volume["_AcceptedCount"] == MAILS
    assert volume["_DeliveredCount"] == MAILS
    assert await server.stop() == 0
    assert [line["event"] for line in server.errors] == ["process_ended"]
