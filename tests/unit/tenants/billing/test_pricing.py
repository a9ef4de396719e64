from hypothesis import given
from hypothesis import strategies as st

from tayori.tenants.billing.model import Prices, Purse, Tier, Usage
from tayori.tenants.billing.pricing import charged, cost, returned

TIERS = (Tier(0, 1_900), Tier(1_000, 1_500), Tier(5_000, 1_000))
PRICES = Prices(currency="CNY", tiers=TIERS, free=100, prepaid=True)


def test_the_tier_of_a_mail_is_that_of_its_place_in_the_month():
    # By hand: 1,000 at 1,900; 4,000 at 1,500; 3 at 1,000 micro-units.
    assert cost(0, 5_003, TIERS) == 1_900_000 + 6_000_000 + 3_000
    assert cost(999, 2, TIERS) == 1_900 + 1_500
    assert cost(7, 0, TIERS) == 0
    assert cost(0, 10, ()) == 0


@given(st.integers(0, 9_000), st.lists(st.integers(0, 3_000), max_size=6))
def test_in_whatever_batches_mails_come_they_cost_the_same(before, batches):
    parts, place = 0, before
    for mails in batches:
        parts += cost(place, mails, TIERS)
        place += mails
    assert parts == cost(before, sum(batches), TIERS)


def test_free_mails_go_first_and_a_new_month_begins_at_the_first_tier():
    purse = Purse(account_id=1, balance=10_000_000)
    purse, usage = charged(purse, 150, "2026-11", PRICES)
    assert usage == Usage(150, 100, 50 * 1_900)
    assert (purse.free_used, purse.month_paid) == (100, 50)
    purse, usage = charged(purse, 951, "2026-11", PRICES)
    assert usage == Usage(951, 0, 950 * 1_900 + 1_500)
    assert purse.balance == 10_000_000 - 1_000 * 1_900 - 1_500
    purse, usage = charged(purse, 1, "2026-12", PRICES)
    assert (usage.amount, purse.month_paid) == (1_900, 1)


def test_without_prepayment_the_balance_stays():
    prices = Prices(currency="CNY", tiers=TIERS, free=-1, prepaid=False)
    purse, usage = charged(Purse(account_id=1), 10, "2026-11", prices)
    assert (usage, purse.balance) == (Usage(10, 0, 19_000), 0)


@given(st.integers(1, 500), st.integers(0, 500), st.integers(0, 10**6), st.data())
def test_a_day_of_which_nothing_was_sent_costs_nothing(mails, free, amount, data):
    day = Usage(mails, min(free, mails), amount)
    while day.mails:
        back = returned(day, data.draw(st.integers(1, day.mails)))
        day = Usage(*(mine - theirs for mine, theirs in zip(day, back, strict=True)))
        assert min(day) >= 0
        assert day.free <= day.mails
    assert day == Usage()
