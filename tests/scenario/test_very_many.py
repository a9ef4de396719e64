"""The small version of tests.bench.million: processes die while a task runs, and nobody is left out."""

from pathlib import Path

from tests.bench.million import arrived, fill, kill_one, publish, send, settings_of
from tests.bench.sink_process import SinkProcess
from tests.support.installations import name_server
from tests.support.tayori_process import TayoriProcess
from tests.support.tenant import new_tenant

RECEIVERS = 900
MOST_HELD = 1_000
"""Recipients that one delivery process may hold, and so the most that come twice for a kill."""


async def test_whatever_process_dies_every_receiver_gets_a_mail(tmp_path: Path) -> None:
    async with name_server() as dns, SinkProcess(numbered=RECEIVERS) as sink:
        publish(dns)
        settings = settings_of(dns, sink)
        settings["delivery"]["lease_s"] = 4.0
        server = TayoriProcess(tmp_path, settings)
        try:
            await server.start()
            tenant = await new_tenant(server, dns)
            await send(server, tenant, await fill(server, tenant, RECEIVERS))
            for part, victim in ((1, "delivery-1"), (2, "chores"), (3, "delivery-2")):
                await server.until(lambda part=part: sink.count > part * RECEIVERS // 5)
                kill_one(server, victim)
            await arrived(server, tenant, sink, RECEIVERS)
            assert sink.missing == 0
            async with server.ledger() as ledger:
                assert await ledger.queued_twice() == 0
            assert sink.count <= RECEIVERS + 3 * MOST_HELD
            assert sink.twice <= sink.count - RECEIVERS
            assert await server.stop() == 0
            assert {line["event"] for line in server.errors} == {"process_ended"}
        finally:
            await server.close()
