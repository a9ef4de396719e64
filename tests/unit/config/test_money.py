import pytest
from hypothesis import given
from hypothesis import strategies as st

from tayori.config.billing import trouble_with_prices
from tayori.config.money import read_amount, read_price, written_amount
from tayori.config.tree import Billing, PriceTier


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("0", 0),
        ("100", 100_000_000),
        ("12.5", 12_500_000),
        ("-3.000001", -3_000_001),
        ("0.28", 280_000),
        ("", None),
        ("1.", None),
        (".5", None),
        ("1.0000001", None),
        ("1e3", None),
        ("1,5", None),
        ("1\n", None),
        ("9999999999", None),
        ("１", None),
    ],
)
def test_amounts_are_read_exactly_or_not_at_all(text, micros):
    assert read_amount(text) == micros


@given(st.integers(min_value=-(10**15) + 1, max_value=10**15 - 1))
def test_what_is_written_is_read_again(micros):
    assert read_amount(written_amount(micros)) == micros


def test_a_price_of_a_thousand_is_a_whole_number_for_one():
    assert read_price("1.90") == 1_900
    assert read_price("0.001") == 1
    assert read_price("0.0001") is None
    assert read_price("-1") is None


@pytest.mark.parametrize(
    ("tiers", "prepaid", "said"),
    [
        ((), False, ""),
        (((0, "1.90"), (10_000, "1.5")), True, ""),
        ((), True, "billing.prepaid needs prices"),
        (((1, "1.90"),), False, "begins above 0"),
        (((0, "1.90"), (0, "1.5")), False, "does not come behind"),
        (((0, "cheap"),), False, "'cheap' is no price"),
    ],
)
def test_prices_that_cannot_be_used_are_named(tiers, prepaid, said):
    billing = Billing(tiers=tuple(PriceTier(above=a, price=p) for a, p in tiers), prepaid=prepaid)
    found = trouble_with_prices(billing)
    assert said in found
    assert bool(found) is bool(said)
