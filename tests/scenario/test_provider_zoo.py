"""A mixed load for receivers that count what we do to them: no limit is ever broken.

The whole load is in `tests/soak/test_provider_zoo.py`; this is a small part of it.
"""

from pathlib import Path

from tests.support.installations import MakeServer
from tests.support.zoo.journey import check_journey, travel
from tests.support.zoo.mixture import zoo_server
from tests.support.zoo.zoo import ZooProcess

MAILS = 1_500


async def test_receivers_see_no_limit_broken_and_nobody_who_waits_is_behind_bulk(
    make_server: MakeServer, zoo: ZooProcess, tmp_path: Path
) -> None:
    server = await zoo_server(make_server, zoo, tmp_path)
    await server.start()
    journey = await travel(server, zoo, MAILS, timeout_s=240)
    check_journey(journey)
    assert await server.stop() == 0
    assert server.errors == []
