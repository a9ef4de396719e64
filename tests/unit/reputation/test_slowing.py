import pytest

from tayori.reputation.figures import Figures
from tayori.reputation.slowing import pace_left, pace_towards


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


def test_a_provider_slows_down_its_own_part_of_the_mails():
    slow, good = Figures(sent=300, deferred=200), Figures(sent=700, delivered=700)
    assert pace_left({"qq": slow, "gmail": good}) == pytest.approx(0.3 * 0.25 + 0.7)
    assert pace_left({}) == 1.0
