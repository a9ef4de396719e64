import pytest

from tayori.reputation.figures import Figures
from tayori.reputation.slowing import pace_towards


@pytest.mark.parametrize(
    ("figures", "pace"),
    [
        (Figures(sent=1_000, delivered=1_000), 1.0),
        (Figures(sent=1_000, delivered=900, deferred=100), 1.0),
        (Figures(sent=1_000, delivered=899, deferred=101), 0.5),
        (Figures(sent=1_000, delivered=699, deferred=301), 0.25),
        (Figures(sent=1_000, delivered=1_000, complained=1), 1.0),
        (Figures(sent=1_000, delivered=1_000, complained=2), 0.5),
        (Figures(sent=1_000, delivered=1_000, complained=4), 0.25),
        (Figures(sent=1_000, delivered=899, deferred=101, complained=9), 0.25),
        (Figures(sent=49, delivered=0, deferred=49), 1.0),
    ],
)
def test_a_provider_that_asks_for_it_is_written_to_more_slowly(figures, pace):
    assert pace_towards(figures) == pace
