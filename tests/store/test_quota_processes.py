"""Four processes hammer one quota; `make soak` does it for a minute."""

from tests.support.hammer import hammered

QUOTA = 1_001
LONGEST_S = 120
"""They stop by themselves when the day is full, which is a matter of seconds."""


async def test_four_processes_accept_exactly_one_quota(database, installed_url):
    accepted = await hammered(database, installed_url, QUOTA, LONGEST_S)
    assert sum(accepted) == QUOTA
