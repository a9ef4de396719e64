"""20,000 mails of several accounts and urgencies for a zoo of receivers that count what we do.

Prints the figures of docs/performance.md.
"""

from collections import defaultdict
from pathlib import Path

import pytest
from tests.support.installations import MakeServer
from tests.support.zoo.journey import Journey, Wait, check_journey, travel
from tests.support.zoo.mixture import zoo_server
from tests.support.zoo.zoo import ZooProcess

MAILS = 20_000


@pytest.mark.timeout(1_800)
async def test_the_whole_zoo(make_server: MakeServer, zoo: ZooProcess, tmp_path: Path) -> None:
    server = await zoo_server(make_server, zoo, tmp_path)
    await server.start()
    journey = await travel(server, zoo, MAILS, timeout_s=1_500)
    tell(journey)
    check_journey(journey)
    assert await server.stop() == 0
    assert server.errors == []


def tell(journey: Journey) -> None:
    """Print how long trigger mail waited at each receiver under the load."""
    by_receiver: defaultdict[str, list[Wait]] = defaultdict(list)
    for wait in journey.waits:
        by_receiver[wait.receiver].append(wait)
        by_receiver["all"].append(wait)
    print(f"\n{len(journey.sent)} mails in {journey.took_s:.0f} s")
    print("| receiver | trigger mails | p50 | p99 | longest | overtook |")
    for receiver, waits in sorted(by_receiver.items()):
        seconds = sorted(wait.seconds for wait in waits)
        overtaken = sum(wait.overtaken for wait in waits) / max(1, sum(w.before for w in waits))
        p50, p99 = (seconds[int(len(seconds) * part)] for part in (0.5, 0.99))
        print(
            f"| {receiver} | {len(waits)} | {p50:.2f} s | {p99:.2f} s | {seconds[-1]:.2f} s "
            f"| {overtaken:.1%} |"
        )
