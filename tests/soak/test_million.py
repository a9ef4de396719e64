"""A task to a million receivers, undisturbed and with a process killed every 20 seconds.

Nobody is left out and nobody stands in the queue twice. Undisturbed nobody gets two; with kills only
those may whose receiver had said yes when a delivery process died that had not read it yet. Takes
half an hour each on two free cores; prints the figures of docs/performance.md.
"""

from pathlib import Path

import pytest
from tests.bench.million import SITES, measure

RECEIVERS = 1_000_000
MOST_UNREAD = SITES * 10
"""Mails under way in one process, one on each connection."""


@pytest.mark.timeout(6 * 3600)
@pytest.mark.parametrize("kill_every_s", [0.0, 20.0])
async def test_a_million(tmp_path: Path, kill_every_s: float) -> None:
    result = await measure(tmp_path, RECEIVERS, kill_every_s)
    print(f"\n{result}")
    assert (result.missing, result.queued_twice) == (0, 0)
    assert result.twice <= result.kills_of_deliverers * MOST_UNREAD
