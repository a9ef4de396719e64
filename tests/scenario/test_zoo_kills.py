"""Delivery processes die and stop under load: nothing is lost, and no receiver sees a limit broken."""

import os
import signal
from pathlib import Path

from tests.support.installations import MakeServer
from tests.support.zoo.limits import count_rules
from tests.support.zoo.load import Kind, mixed_load
from tests.support.zoo.menagerie import GMAIL, OUTLOOK, PLAIN
from tests.support.zoo.mixture import all_ended, zoo_server
from tests.support.zoo.zoo import ZooProcess

from tayori.queue.states import State

MAILS = 500
SHARES = ((GMAIL, 40), (OUTLOOK, 30), (PLAIN, 30))
LEASE_S = 4.0


async def test_limits_are_kept_through_a_kill_and_a_stop(
    make_server: MakeServer, zoo: ZooProcess, tmp_path: Path
) -> None:
    server = await zoo_server(make_server, zoo, tmp_path, lease_s=LEASE_S)
    await server.start()
    async with mixed_load(server, ("mill",), SHARES) as load:
        await load.send(MAILS, Kind.BULK, "mill")

        async def seen(part: int) -> None:
            async def enough() -> bool:
                return await zoo.taken() >= MAILS // part

            await server.until(enough)

        await seen(4)
        victim = next(
            line["child"]
            for line in server.log
            if line.get("event") == "process_started" and line["process"].startswith("delivery")
        )
        os.kill(victim, signal.SIGKILL)
        await seen(2)
        assert await server.stop() == 0
        await server.start()
        async with server.ledger() as ledger:
            await all_ended(server, ledger, timeout_s=200)
            entries = await ledger.entries()
    report = await zoo.report()
    assert count_rules(report.violations) == {}
    assert {entry.state for entry in entries} == {State.DELIVERED}
    assert set(report.copies) == set(load.sent)
    # Only what the killed process held may come twice; most had been settled.
    assert max(report.copies.values()) <= 2
    assert sum(report.copies.values()) < MAILS * 3 // 2
    assert await server.stop() == 0
