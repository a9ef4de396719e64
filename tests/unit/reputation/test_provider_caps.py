"""What one provider may get of an hour, worked out by hand; and the mix that a plan supposes."""

import pytest

from tayori.reputation.figures import Figures
from tayori.reputation.mixing import dealt_out, mix_of, split
from tayori.reputation.model import Scope
from tayori.reputation.provider_caps import OTHER, ProviderCaps

CLEAN = Figures(sent=700, delivered=700)
# Of 1,000 recipients of the day it has 300.
SLOW = Figures(sent=300, delivered=260, deferred=40)
SLOWER = Figures(sent=300, delivered=200, deferred=100)
HATED = Figures(sent=300, delivered=300, complained=1)
FEW = Figures(sent=49, deferred=49)


@pytest.mark.parametrize(
    ("provider", "share", "by_provider", "cap"),
    [
        ("gmail", 0.5, {}, 75),
        ("gmail", 1.0, {}, 150),
        (OTHER, 0.5, {}, 150),
        ("gmail", 0.5, {"gmail": CLEAN, "qq": SLOW}, 75),
        # 150 x 0.3 x 0.5 = 22.5, and a quarter instead of half 11.25.
        ("qq", 0.5, {"gmail": CLEAN, "qq": SLOW}, 23),
        ("qq", 0.5, {"gmail": CLEAN, "qq": SLOWER}, 12),
        ("qq", 0.5, {"gmail": CLEAN, "qq": HATED}, 12),
        # Alone it has all of the day, and so no more than its share: 150 x 0.5 x 0.5 = 37.5.
        ("qq", 0.5, {"qq": SLOW}, 38),
        ("qq", 1.0, {"qq": SLOW}, 75),
        (OTHER, 0.5, {"gmail": CLEAN, OTHER: SLOW}, 23),
        ("qq", 0.5, {"gmail": CLEAN, "qq": FEW}, 75),
        ("qq", 0.001, {}, 1),
    ],
)
def test_a_provider_gets_its_part_of_an_hour_of_150(provider, share, by_provider, cap):
    caps = ProviderCaps(
        domain="a.test", per_hour=150, share=share, by_provider=by_provider, ends_at=7
    )
    assert caps.cap(provider) == cap
    claim = caps.claim(provider, 2)
    assert (claim.scope, claim.amount, claim.limit) == (Scope.PROVIDER_HOUR, 2, cap)
    assert claim.counter[1] == f"a.test>{provider}@7"


def test_a_plan_supposes_the_mix_of_the_last_days():
    assert mix_of({}) == {OTHER: 1.0}
    mix = mix_of({"gmail": 600, "qq": 300, OTHER: 100, "gone": 0})
    assert mix == {"gmail": 0.6, "qq": 0.3, OTHER: 0.1}
    assert split(1_001, mix) == {"gmail": 601, "qq": 300, OTHER: 100}


def test_mails_are_dealt_out_in_the_mix_as_far_as_there_is_room():
    left = {"gmail": 60, "qq": 30, OTHER: 10}
    assert dealt_out(50, left, left) == {"gmail": 30, "qq": 15, OTHER: 5}
    assert dealt_out(50, left, {"gmail": 5, "qq": 99, OTHER: 99}) == {
        "gmail": 5,
        "qq": 30,
        OTHER: 10,
    }
    assert dealt_out(7, left, {"gmail": 0, "qq": 99, OTHER: 99}) == {"qq": 5, OTHER: 2}
    assert dealt_out(50, left, dict.fromkeys(left, 0)) == {}
